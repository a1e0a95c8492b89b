"""The chain stops at the first stage that does not pass, and always leaves its report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal, TableRunner
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    CommandFailedError,
    DeploymentUndoneError,
    GateFailedError,
    InterruptedRunError,
    NothingToJudgeError,
    PromotionRefusedError,
    TowpathError,
)
from towpath.gates import Status
from towpath.pipeline import pipeline
from towpath.pipeline.document import StageResult
from towpath.source.snapshot import SourceSnapshot

COMMIT, TREE = "c" * 40, "t" * 40
GIT = {
    "rev-parse HEAD": f"{COMMIT}\n{TREE}\n",
    "add --all": "",
    "write-tree": f"{TREE}\n",
    "ls-tree": "",
    "tag --points-at": "",
    "symbolic-ref": "main\n",
    "log -1": "1\n",
    "config --get": "",
}
BRANCHES = {"main": "test", "release/*": "release", "*": "scan"}


def same(workspace: Workspace) -> Workspace:
    """Stand for a machine whose engine answers already."""
    return workspace


def workspace_of(tmp_path: Path, env: dict[str, str] | None = None) -> Workspace:
    """Return a session in a project on main."""
    settings = config.parse({"branches": BRANCHES}, tmp_path, env or {})
    return Workspace(settings, TableRunner(GIT), QuietTerminal())


def chosen(branch: str) -> dict[str, str]:
    """Return the environment of a CI run of this branch."""
    return {"CI": "true", "TOWPATH_BRANCH": branch}


def source_on(branch: str) -> SourceSnapshot:
    """Return a clean source on this branch."""
    return SourceSnapshot(COMMIT, TREE, branch, "0.0.0+gccccccc", False, 1, "")


@pytest.mark.parametrize(
    ("env", "wanted", "reach"),
    [
        ({}, "", "test"),
        ({}, "scan", "scan"),
        ({"CI": "true"}, "", "scan"),
        (chosen("feature"), "", "scan"),
        (chosen("main"), "", "test"),
        (chosen("release/1"), "", "release"),
        (chosen("release/1"), "test", "test"),
        (chosen("release/1") | {"GITHUB_HEAD_REF": "x", "GITHUB_ACTIONS": "true"}, "", "scan"),
    ],
)
def test_how_far_a_run_goes(tmp_path: Path, env: dict[str, str], wanted: str, reach: str) -> None:
    """A laptop goes to test; in CI the branch decides, and a pull request ends after the scan."""
    assert pipeline.reach_of(workspace_of(tmp_path, env), source_on("main"), wanted) == reach


@pytest.mark.parametrize(
    ("env", "words"),
    [({}, "CI"), (chosen("main"), "'main'"), ({"CI": "false"}, "CI"), ({"CI": "1"}, "no branch")],
)
def test_no_run_goes_further_than_it_may(tmp_path: Path, env: dict[str, str], words: str) -> None:
    """A release wants CI and a branch that is allowed to make one."""
    with pytest.raises(PromotionRefusedError) as caught:
        pipeline.reach_of(workspace_of(tmp_path, env), source_on("main"), "release")

    assert words in caught.value.why


def chain(monkeypatch: pytest.MonkeyPatch, *acts: StageResult | BaseException) -> list[str]:
    """Replace the plan by stages that return or raise these; return the names as they run."""
    ran: list[str] = []

    def stage(number: int, act: StageResult | BaseException) -> pipeline.Stage:
        def run(_run: pipeline.Run) -> StageResult:
            ran.append(f"s{number}")
            if isinstance(act, BaseException):
                raise act
            return act

        return pipeline.Stage(f"s{number}", run)

    found = [stage(number, act) for number, act in enumerate(acts)]
    monkeypatch.setattr(pipeline, "stages_up_to", lambda reach: found)
    return ran


def written(workspace: Workspace) -> dict[str, Any]:
    """Return the report on disk."""
    found: dict[str, Any] = json.loads(
        (workspace.config.reports / "pipeline-report.json").read_text()
    )
    return found


PASSED = StageResult("s", Status.PASSED, 1.0)


@pytest.mark.parametrize(
    ("env", "asked", "fresh"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"CI": "true", "TOWPATH_BRANCH": "main"}, False, False),
        ({"CI": "true"}, False, True),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main"}, False, True),
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_REF": "refs/heads/main",
                "GITHUB_REF_PROTECTED": "true",
            },
            False,
            False,
        ),
        ({"GITHUB_ACTIONS": "true", "GITHUB_HEAD_REF": "main"}, False, True),
    ],
)
def test_nothing_of_a_cache_that_anybody_can_write_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], asked: bool, fresh: bool
) -> None:
    """In CI evidence of an earlier run is reused on a protected branch only."""
    seen: list[bool] = []

    def act(run: pipeline.Run) -> StageResult:
        seen.append(run.fresh)
        return PASSED

    monkeypatch.setattr(pipeline, "stages_up_to", lambda reach: [pipeline.Stage("s", act)])
    pipeline.pipeline(workspace_of(tmp_path, env), engine=same, fresh=asked)

    assert seen == [fresh]


def test_a_pattern_of_the_old_form_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to write instead; it means what it meant."""
    chain(monkeypatch, PASSED)
    settings = config.parse({"branches": {"v*": "release"}}, tmp_path, {})
    workspace = Workspace(settings, TableRunner(GIT), QuietTerminal())

    pipeline.pipeline(workspace, engine=same)

    assert isinstance(workspace.terminal, QuietTerminal)
    assert "'v*' in [tool.towpath.branches] matches tags" in workspace.terminal.said
    assert "write 'tag:v*'" in workspace.terminal.said


def test_a_good_chain_runs_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stage ran, the report on disk is the one returned."""
    workspace = workspace_of(tmp_path)
    ran = chain(monkeypatch, PASSED, PASSED)

    document = pipeline.pipeline(workspace, engine=same)

    assert ran == ["s0", "s1"]
    assert document["status"] == "passed"
    assert document["commit"] == COMMIT
    assert document == written(workspace)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (GateFailedError("no", why="because"), "failed", 4),
        (PromotionRefusedError("no", why="because"), "failed", 7),
        (DeploymentUndoneError("no", why="because"), "failed", 6),
        (CommandFailedError("no", why="because"), "errored", 5),
        (NothingToJudgeError("no", why="because"), "errored", 3),
        (KeyboardInterrupt(), "errored", 130),
        (ZeroDivisionError("a bug"), "errored", 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_a_stage_that_stops_ends_the_chain_and_leaves_the_report(
    error: BaseException,
    status: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error's exit code arrives, the report names stage and reason, nothing runs after it."""
    workspace = workspace_of(tmp_path)
    ran = chain(monkeypatch, PASSED, error, PASSED)

    with pytest.raises(TowpathError) as caught:
        pipeline.pipeline(workspace, engine=same)

    stopped = written(workspace)["stages"]["s1"] if "s1" in written(workspace)["stages"] else {}
    assert caught.value.code == code
    assert ran == ["s0", "s1"]
    assert written(workspace)["status"] == status
    assert stopped["status"] == status
    assert stopped["reason"]


def test_an_interrupted_run_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is exit code 130."""
    chain(monkeypatch, InterruptedRunError("Interrupted."))

    with pytest.raises(InterruptedRunError):
        pipeline.pipeline(workspace_of(tmp_path), engine=same)


def test_the_board_shows_every_stage_with_its_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stopped the run stands in the table."""
    workspace = workspace_of(tmp_path)
    chain(monkeypatch, PASSED, GateFailedError("s1 failed: LINT.", why="issues is 3"), PASSED)

    with pytest.raises(GateFailedError):
        pipeline.pipeline(workspace, engine=same)

    said = workspace.terminal.said  # type: ignore[attr-defined]
    assert "s1 failed: LINT. issues is 3" in said
    assert "s2" in said


def test_the_job_summary_has_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In GitHub the same table is added to the summary's file."""
    summary = tmp_path / "summary.md"
    settings = config.parse({}, tmp_path, {})
    terminal = QuietTerminal({"GITHUB_STEP_SUMMARY": str(summary)})
    chain(monkeypatch, PASSED)

    pipeline.pipeline(Workspace(settings, TableRunner(GIT), terminal), engine=same)

    assert "| s | ✅ | 1.0 |" in summary.read_text()
