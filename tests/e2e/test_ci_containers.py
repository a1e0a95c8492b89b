"""The checks in containers say what the same checks say outside, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import LIMIT, ROOT, invoke, run
from towpath.engine.discover import find

NAME = "towpath-ci-trial"
PROJECT = f"{NAME}-ci"


@pytest.fixture
def project(checkout: Callable[[str], Path]) -> Path:
    """Return a checkout with a space in its path, under a name of its own."""
    target = checkout("with a space")
    settings = target / "pyproject.toml"
    settings.write_text(
        settings.read_text().replace('name = "towpath"\nrep', f'name = "{NAME}"\nrep')
    )
    assert f'name = "{NAME}"' in settings.read_text()
    return target


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return variables that keep this run's state and image apart."""
    return {"TOWPATH_STATE": str(tmp_path / "state"), "TOWPATH_REPOSITORY": "towpath/test-ci"}


def left() -> str:
    """Return the containers and networks of the project that are still there."""
    found = {**os.environ, **dict(find(os.environ).environment)}
    label = f"--filter=label=com.docker.compose.project={PROJECT}"
    return "".join(
        run(ROOT, "docker", *words, "--quiet", label, env=found).out
        for words in (("ps", "--all"), ("network", "ls"))
    )


def evidence(reports: Path) -> dict[str, Any]:
    """Return what lint's evidence says."""
    document = json.loads((reports / "evidence/lint.json").read_text())
    return {"subject": document["subject"], **document["predicate"]}


def _by_gate(predicate: dict[str, Any]) -> dict[str, str]:
    return {row["gate"]: row["status"] for row in predicate["verdicts"]}


def test_lint_in_a_container_says_what_it_says_outside(project: Path, env: dict[str, str]) -> None:
    """On one dirty tree, in a path with a space, from a directory below: the same facts."""
    (project / "app/bad.py").write_text("import os,sys\n")

    inside = invoke(project / "app", "ci.run", "--service=ci-runner", "--service=lint-check", **env)
    outside = run(project, sys.executable, "-m", "nox", "-s", "lint", env=env)

    assert inside.code == 4, inside.said
    assert outside.code == 1, outside.said
    one, other = evidence(project / "reports/ci/lint-check"), evidence(project / "reports")
    # Each Python counts the words of a module a little differently.
    facts = one["facts"], other["facts"]
    ours, theirs = (row.pop("maintainability") for row in facts)
    assert ours == pytest.approx(theirs, abs=0.5)
    for key in ("subject", "status", "facts", "policy", "tools"):
        assert one[key] == other[key], key
    assert _by_gate(one) == _by_gate(other)
    assert one["status"] == "failed"
    assert one["facts"]["flake8"] > 0
    assert "lint-check        | " in inside.said
    assert left() == ""
    owners = {file.stat().st_uid for file in (project / "reports/ci").rglob("*")}
    assert owners == {os.getuid()}
    assert not (project / "reports/ci/work").exists()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_takes_everything_down(
    project: Path, env: dict[str, str], sent: signal.Signals
) -> None:
    """Exit code 130, no container, no network, no copy of the working tree."""
    argv = [sys.executable, "-m", "invoke", "ci.run", "--service=lint-check"]
    argv += ["--service=integration-tests"]
    began = time.monotonic()
    process = subprocess.Popen(
        argv,
        cwd=project,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if "Running session" in line or time.monotonic() - began > LIMIT:
            process.send_signal(sent)
            break
    rest, _ = process.communicate(timeout=LIMIT)

    assert process.returncode == 130, said + rest
    assert left() == ""
    assert not (project / "reports/ci/work").exists()
