"""A shell in a container that runs; whatever keeps one from it is said before it opens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import Answer, TableRunner, outcome
from tests.unit.deployment.world import World, said, site_of
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.environments.engine import Container
from towpath.environments.environment import Site
from towpath.operations.debug.service_shell import open_shell

RUNNING = [
    Container("1", "box-staging-web-1", "web", False, image="box@sha256:1"),
    Container("2", "box-staging-web-2", "web", True, image="box@sha256:2"),
    Container("3", "box-staging-queue-1", "queue", False, image="rabbitmq:4.0"),
]
HAS_SHELL, SHELL = "sh -c :", "--interactive --tty"


def site_with(root: Path, answers: dict[str, Answer], rows: list[Container]) -> Site:
    """Return an environment with these containers, whose commands are answered so."""
    site = site_of(World(rows=rows), root)
    return replace(site, workspace=replace(site.workspace, runner=TableRunner(answers)))


def calls(site: Site) -> list[tuple[str, ...]]:
    """Return the commands that ran."""
    runner = site.workspace.runner
    assert isinstance(runner, TableRunner)
    return runner.calls


def test_the_first_that_runs_is_opened(tmp_path: Path) -> None:
    """How the shell ends is nothing of ours: its last command may have failed."""
    site = site_with(tmp_path, {HAS_SHELL: "", SHELL: outcome(code=1)}, RUNNING)

    open_shell(site, "web", "root")

    head = ("docker", "exec")
    tail = ("sh", "-c", "command -v bash >/dev/null && exec bash; exec sh")
    assert calls(site) == [
        (*head, "--user=root", "box-staging-web-2", "sh", "-c", ":"),
        (*head, "--interactive", "--tty", "--user=root", "box-staging-web-2", *tail),
    ]
    assert said(site) == "Shell in box-staging-web-2 (box@sha256:2); exit ends it.\n"


def test_a_container_may_be_named(tmp_path: Path) -> None:
    """One of several of a service."""
    rows = [replace(RUNNING[0], running=True), RUNNING[1]]
    site = site_with(tmp_path, {HAS_SHELL: "", SHELL: ""}, rows)

    open_shell(site, "box-staging-web-1")

    assert [argv[-4] for argv in calls(site)][1:] == ["box-staging-web-1"]


def test_an_image_without_a_shell_is_said(tmp_path: Path) -> None:
    """In the engine's words, and not as the end of a shell."""
    words = 'OCI runtime exec failed: exec: "sh": executable file not found in $PATH'
    site = site_with(tmp_path, {HAS_SHELL: outcome(code=127, stderr=words)}, RUNNING)

    with pytest.raises(CommandFailedError) as caught:
        open_shell(site, "web")

    assert caught.value.lines() == [
        "Cannot open a shell in box-staging-web-2.",
        f"why: {words}",
        "next: invoke services.logs --environment=staging --service=web",
    ]


def test_what_does_not_run_is_an_error(tmp_path: Path) -> None:
    """A stopped container with its last lines, an unknown service with the known ones."""
    down = site_with(tmp_path, {}, RUNNING)
    empty = site_with(tmp_path, {}, [])

    with pytest.raises(CommandFailedError) as stopped:
        open_shell(down, "queue")
    with pytest.raises(ConfigurationError) as unknown:
        open_shell(down, "quere")
    with pytest.raises(CommandFailedError) as nothing:
        open_shell(empty, "web")

    up = "next: invoke services.up --environment=staging"
    assert stopped.value.lines() == [
        "box-staging-queue-1 is not running.",
        "why: log of box-staging-queue-1",
        up,
    ]
    assert unknown.value.lines() == [
        "Unknown service 'quere' in staging. Did you mean 'queue'?",
        "why: It has containers of queue, web.",
    ]
    assert nothing.value.lines() == ["Nothing is running in staging.", up]
