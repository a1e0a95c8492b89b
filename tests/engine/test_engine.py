"""The engine that is in use serves every base image under its usual name, for both platforms."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from towpath.core.runner import Runner
from towpath.engine import recipes
from towpath.engine.discover import find
from towpath.engine.lifecycle import up

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def runner() -> Runner:
    """Return a runner that talks to the engine, which is brought up if none answers."""
    terminal = QuietTerminal()
    found = Runner(terminal, env=os.environ, cwd=Path.cwd())
    found.env.update(up(found, terminal))
    return found


def test_an_engine_that_is_up_stays_as_it_is(runner: Runner) -> None:
    """A second `up` finds the same engine and asks for the same environment."""
    terminal = QuietTerminal()
    before = runner.run(["docker", "info", "--format", "{{.ID}}"]).stdout

    environment = up(runner, terminal)

    assert environment == dict(find(runner.env).environment)
    assert runner.run(["docker", "info", "--format", "{{.ID}}"]).stdout == before
    assert terminal.said == ""


@pytest.mark.parametrize("image", recipes.IMAGES)
def test_base_image_comes_under_its_plain_name(runner: Runner, image: str) -> None:
    """`docker pull` with the name that Dockerfile and compose use gets the image."""
    assert image in runner.run(["docker", "pull", "--quiet", image]).stdout


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_python_runs_on_both_platforms(runner: Runner, architecture: str) -> None:
    """One name, two platforms; the foreign one runs under emulation, with TLS and SQLite."""
    program = "import platform, sqlite3, ssl; print(platform.machine())"
    run = ["docker", "run", "--rm", "--platform", f"linux/{architecture}", "python:3.13-slim"]

    printed = runner.run([*run, "python", "-c", program]).stdout

    assert printed.strip() == recipes.MACHINES[architecture]


def test_containers_reach_the_package_index(runner: Runner) -> None:
    """A container resolves names and trusts the authorities that the host trusts."""
    run = ["docker", "run", "--rm", "python:3.13-slim"]

    printed = runner.run([*run, "pip", "download", "--no-deps", "--dest=/tmp", "six"]).stdout

    assert "Successfully downloaded six" in printed
