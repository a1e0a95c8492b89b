"""A check in the chain is reused while its evidence holds, and never believed without evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal, TableRunner, outcome
from towpath import config
from towpath.checks import reuse as sessions
from towpath.config.workspace import Workspace
from towpath.core.errors import NothingToJudgeError
from towpath.core.runner import Outcome
from towpath.evidence import record as stages
from towpath.evidence import stage_inputs
from towpath.gates import Status
from towpath.source.snapshot import SourceSnapshot

SOURCE = SourceSnapshot("c" * 40, "t" * 40, "main", "0.0.0+gccccccc", False, 1, "")
GOOD = {"issues": 0, "complexity": 5, "maintainability": 50}
Nox = Callable[[tuple[str, ...]], Outcome]


@pytest.fixture
def project(tmp_path: Path) -> config.Config:
    """Return an empty project."""
    return config.parse({}, tmp_path, {})


def workspace_of(project: config.Config, nox: Nox | Outcome) -> tuple[Workspace, TableRunner]:
    """Return a session whose `nox` does what the test says."""
    runner = TableRunner({"nox": nox})
    return Workspace(project, runner, QuietTerminal()), runner


def leaves(
    project: config.Config, facts: dict[str, Any], *, code: int = 0, inputs: str = ""
) -> Nox:
    """Return a `nox` that writes a statement with these facts and ends with `code`."""

    def nox(argv: tuple[str, ...]) -> Outcome:
        workspace = Workspace(project, TableRunner(), QuietTerminal())
        stages.record(
            workspace,
            stages.StageRecord(
                stage="lint",
                subject=SOURCE.subject,
                facts=facts,
                inputs=inputs or stage_inputs.check_inputs(workspace, SOURCE, "lint"),
                started=dt.datetime(2026, 11, 24, tzinfo=dt.UTC),
                duration=4.5,
            ),
        )
        return outcome("done", code=code, argv=argv)

    return nox


def test_the_session_runs_and_its_statement_counts(project: config.Config) -> None:
    """Without evidence the session runs once."""
    workspace, runner = workspace_of(project, leaves(project, GOOD))

    statement, reused = sessions.ensure_checked(workspace, SOURCE, "lint")

    assert (statement.status, reused) == (Status.PASSED, False)
    assert runner.calls[0][-2:] == ("-s", "lint")


def test_evidence_that_holds_is_reused(project: config.Config) -> None:
    """The second time nothing runs; with fresh it runs again."""
    workspace, runner = workspace_of(project, leaves(project, GOOD))
    first, _ = sessions.ensure_checked(workspace, SOURCE, "lint")

    assert sessions.ensure_checked(workspace, SOURCE, "lint") == (first, True)
    assert len(runner.calls) == 1
    again, reused = sessions.ensure_checked(workspace, SOURCE, "lint", fresh=True)
    assert (again.attempt, reused) == (2, False)
    assert runner.calls[-1][-2:] == ("--", "--fresh")


def test_a_failure_is_a_statement_too_and_is_not_reused(project: config.Config) -> None:
    """A gate that said no is returned, and asked again the next time."""
    workspace, runner = workspace_of(
        project, leaves(project, {"issues": 2, "complexity": 5, "maintainability": 50}, code=1)
    )

    assert sessions.ensure_checked(workspace, SOURCE, "lint")[0].status is Status.FAILED
    sessions.ensure_checked(workspace, SOURCE, "lint")
    assert len(runner.calls) == 2


@pytest.mark.parametrize("code", [0, 1])
def test_no_evidence_is_never_a_pass(project: config.Config, code: int) -> None:
    """A session that wrote nothing has shown nothing, whatever its exit code."""
    workspace, _ = workspace_of(project, outcome("crashed early", code=code))

    with pytest.raises(NothingToJudgeError) as caught:
        sessions.ensure_checked(workspace, SOURCE, "lint")

    assert caught.value.why == "crashed early"
    assert "reports/logs/lint.log" in caught.value.next_step


def test_old_evidence_does_not_stand_for_a_session_that_wrote_none(project: config.Config) -> None:
    """A statement of an earlier run is not taken for this one's."""
    workspace, _ = workspace_of(project, leaves(project, GOOD))
    sessions.ensure_checked(workspace, SOURCE, "lint")
    silent, _ = workspace_of(project, outcome("", code=1))

    with pytest.raises(NothingToJudgeError, match="wrote no evidence"):
        sessions.ensure_checked(silent, SOURCE, "lint", fresh=True)


def test_a_pass_is_not_believed_when_the_session_failed_afterwards(project: config.Config) -> None:
    """The gate passed and the session still ended badly: nobody knows why."""
    workspace, _ = workspace_of(project, leaves(project, GOOD, code=1))

    with pytest.raises(NothingToJudgeError, match="failed although its gate"):
        sessions.ensure_checked(workspace, SOURCE, "lint")


def test_evidence_of_other_files_is_refused(project: config.Config) -> None:
    """Files that changed while the session ran make its evidence worthless."""
    workspace, _ = workspace_of(project, leaves(project, GOOD, inputs="other"))

    with pytest.raises(NothingToJudgeError, match="other source files"):
        sessions.ensure_checked(workspace, SOURCE, "lint")
