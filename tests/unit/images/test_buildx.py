"""A build that fails says which step it was; whatever else goes wrong is told as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from towpath.config import parse
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Runner
from towpath.images import buildx as solving

pytestmark = pytest.mark.door

SAID = (
    "echo '#3 [builder 2/2] RUN x'; echo '#3 0.1 no such file'; echo '#3 ERROR: it ended'; exit 1"
)


def workspace_of(root: Path) -> Workspace:
    """Return a session whose commands really run."""
    terminal = QuietTerminal()
    runner = Runner(terminal, env={"PATH": "/usr/bin:/bin"}, cwd=root)
    return Workspace(parse({"name": "box"}, root, {}), runner, terminal)


def solve(root: Path, script: str) -> CommandFailedError:
    """Return the error of a build that ends as a shell script does."""
    workspace = workspace_of(root)
    with pytest.raises(CommandFailedError) as caught:
        solving.solve(
            workspace, ["sh", "-c", script], log=workspace.config.reports / "logs/build.log"
        )
    return caught.value


def test_the_step_is_named_with_its_last_words(tmp_path: Path) -> None:
    """And with the place where all of them are."""
    error = solve(tmp_path, SAID)

    assert error.lines() == [
        "The build failed at [builder 2/2].",
        "why: no such file\nit ended",
        "next: See reports/logs/build.log.",
    ]
    assert (tmp_path / "reports/logs/build.log").is_file()


def test_what_is_no_step_is_told_as_it_is(tmp_path: Path) -> None:
    """Such as a builder that is not there."""
    error = solve(tmp_path, "echo 'ERROR: no builder found' >&2; exit 1")

    assert error.what.startswith("sh failed (exit code 1)")
    assert error.why == "ERROR: no builder found"


def test_an_earlier_build_is_no_reason(tmp_path: Path) -> None:
    """A program that is killed leaves no log, and the one of before says nothing about it."""
    log = tmp_path / "reports/logs/build.log"
    log.parent.mkdir(parents=True)
    log.write_text("#3 [builder 2/2] RUN x\n#3 ERROR: of yesterday\n")

    assert "of yesterday" not in solve(tmp_path, "kill -9 $$").why


LOST = "failed to compute cache key: failed to get state for index 0 on [code 2/3] COPY app/ /code/"


def test_a_builder_that_lost_track_is_asked_once_more(tmp_path: Path) -> None:
    """The second time it has found its cache again, or made it."""
    terminal = QuietTerminal()
    workspace = replace(workspace_of(tmp_path), terminal=terminal)
    script = f"test -e again || {{ touch again; echo 'ERROR: failed to solve: {LOST}'; exit 1; }}"

    ran = solving.solve(workspace, ["sh", "-c", script], log=tmp_path / "reports/logs/build.log")

    assert ran.ok
    assert "retrying once" in terminal.err_text.getvalue()


def test_one_that_stays_lost_is_not_asked_for_ever(tmp_path: Path) -> None:
    """Its second answer is the error."""
    error = solve(tmp_path, f"echo x >> times; echo 'ERROR: failed to solve: {LOST}' >&2; exit 1")

    assert (tmp_path / "times").read_text() == "x\nx\n"
    assert LOST in error.why


def test_what_a_step_says_is_no_reason_to_ask_again(tmp_path: Path) -> None:
    """A failing command may print anything."""
    said = (
        "echo '#3 [a 1/1] RUN x'; echo '#3 0.1 inconsistent graph state'; echo '#3 ERROR: it ended'"
    )

    solve(tmp_path, f"echo x >> times; {said}; exit 1")

    assert (tmp_path / "times").read_text() == "x\n"
