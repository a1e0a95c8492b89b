"""A build that fails says which step it was; whatever else goes wrong is told as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from towpath.config import parse
from towpath.errors import CommandFailedError
from towpath.flows import solving
from towpath.flows.session import Session
from towpath.runner import Runner

pytestmark = pytest.mark.door

SAID = (
    "echo '#3 [builder 2/2] RUN x'; echo '#3 0.1 no such file'; echo '#3 ERROR: it ended'; exit 1"
)


def solve(root: Path, script: str) -> CommandFailedError:
    """Return the error of a build that ends as a shell script does."""
    terminal = QuietTerminal()
    runner = Runner(terminal, env={"PATH": "/usr/bin:/bin"}, cwd=root)
    session = Session(parse({"name": "box"}, root, {}), runner, terminal)
    with pytest.raises(CommandFailedError) as caught:
        solving.solve(session, ["sh", "-c", script], log=session.config.reports / "logs/build.log")
    return caught.value


def test_the_step_is_named_with_its_last_words(tmp_path: Path) -> None:
    """And with the place where all of them are."""
    error = solve(tmp_path, SAID)

    assert error.lines() == [
        "The build failed at [builder 2/2].",
        "why: no such file\nit ended",
        "next: Read reports/logs/build.log.",
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
