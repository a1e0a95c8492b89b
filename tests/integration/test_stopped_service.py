"""A service that stops in the middle of a run: the tests that need it fail with its name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from towpath.checks.tests import tests as testing
from towpath.config.workspace import Workspace
from towpath.core.runner import Runner
from towpath.environments import services as stack
from towpath.environments.compose_project import project_name
from towpath.environments.engine import Engine
from towpath.tasks.context import workspace as new_workspace

pytestmark = [pytest.mark.integration, pytest.mark.engine]

ROOT = Path(__file__).resolve().parents[2]
INNER = """
import os
import subprocess

import pytest
from django.core.cache import cache

pytestmark = pytest.mark.integration


def test_1_the_cache_is_there(needs_cache):
    cache.set("a", 1)
    assert cache.get("a") == 1


def test_2_it_stops_while_a_test_uses_it(needs_cache):
    cache.set("b", 2)
    subprocess.run(["docker", "stop", "--time=0", os.environ["CACHE_CONTAINER"]], check=True)
    assert cache.get("b") == 2


def test_3_it_is_gone_before_a_test_begins(needs_cache):
    raise RuntimeError("this never runs")


@pytest.mark.django_db
def test_4_the_database_is_there(needs_database):
    from releases.models import Run

    assert Run.objects.count() == 0
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Return a session with services of its own, under a project name of its own."""
    found = new_workspace(engine=True)
    env = {**found.config.env, "TOWPATH_STATE": str(tmp_path)}
    config = replace(found.config, env=env, name=f"stopped-{uuid4().hex[:8]}")
    runner = Runner(found.terminal, env=env, cwd=ROOT)
    found = replace(found, config=config, runner=runner)
    try:
        yield found
    finally:
        stack.services_down(found, config.environment("testing"), volumes=True)


def test_the_tests_that_need_a_stopped_service_fail_with_its_name(
    workspace: Workspace, tmp_path: Path
) -> None:
    """One fails in the middle, the next before it begins; the others do not mind."""
    environment = workspace.config.environment("testing")
    addresses = stack.services_up(workspace, environment, ("database", "cache"))
    secrets = stack.secrets_for_processes(workspace, environment)
    project = project_name(workspace.config, environment.name)
    (container,) = Engine(workspace.config.env).containers(project, "cache")
    inner = tmp_path / "test_inner.py"
    inner.write_text(INNER)

    ended = workspace.runner.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.integration.services"]
        + ["-p", "no:randomly", "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
        + [f"--config-file={ROOT / 'pyproject.toml'}", str(inner)],
        env={
            **testing.service_variables(workspace.config, addresses, secrets),
            "QUEUE_HOST": "",
            "CACHE_CONTAINER": container.id,
            "COLUMNS": "200",
        },
        check=False,
    )

    failed = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    address = addresses["cache"]
    assert sorted(line.split()[1].rpartition("::")[2] for line in failed) == [
        "test_2_it_stops_while_a_test_uses_it",
        "test_3_it_is_gone_before_a_test_begins",
    ]
    assert all(f"ServiceDownError: cache at {address} does not" in line for line in failed), failed
    assert "2 passed" in ended.stdout
    assert "this never runs" not in ended.stdout.replace(INNER, "")
