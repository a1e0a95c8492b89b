"""What a check left is judged again from its records, or it is no verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.checks.checked import CLEAN, evidence, project, workspace_of
from towpath.checks import records
from towpath.checks.by_name import judge_check
from towpath.checks.lint import lint
from towpath.config.workspace import Workspace
from towpath.core.errors import NothingToJudgeError, TowpathError
from towpath.gates import Status


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project."""
    return project(tmp_path)


def spoil(workspace: Workspace, name: str, text: str) -> None:
    """Replace a record of lint."""
    (records.folder(workspace.config, "lint") / f"{name}.json").write_text(text)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"started": 1, "inputs": ""}'])
def test_a_report_that_is_spoilt_is_nothing_to_judge(root: Path, text: str) -> None:
    """Empty, half, of another kind."""
    workspace = workspace_of(root, CLEAN)
    lint.lint(workspace)
    spoil(workspace, "begun", text)

    with pytest.raises(NothingToJudgeError):
        judge_check(workspace, "lint")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_record_of_a_tool_that_is_spoilt_is_errored(root: Path, text: str) -> None:
    """The others are read all the same."""
    workspace = workspace_of(root, CLEAN)
    lint.lint(workspace)
    spoil(workspace, "mypy", text)

    with pytest.raises(NothingToJudgeError):
        judge_check(workspace, "lint")

    assert evidence(workspace, "lint").facts["flake8"] == 0


def test_a_gate_judges_again_what_a_check_left(root: Path) -> None:
    """The same verdict, as a second attempt that names the first."""
    workspace = workspace_of(root, CLEAN)
    lint.lint(workspace)
    first = evidence(workspace, "lint")

    second = judge_check(workspace, "lint")

    assert second.status is Status.PASSED
    assert (second.attempt, second.repeats) == (2, first.sha256)


def test_an_unknown_check_names_the_nearest(root: Path) -> None:
    """And the ones that there are."""
    with pytest.raises(TowpathError) as caught:
        judge_check(workspace_of(root, {}), "lnt")

    assert caught.value.code == 2
    assert caught.value.what == "Unknown check 'lnt'. Did you mean 'lint'?"


def test_a_check_that_did_not_run_is_nothing_to_judge(root: Path) -> None:
    """Exit code 3, and what to run."""
    with pytest.raises(NothingToJudgeError) as caught:
        judge_check(workspace_of(root, {}), "lint")

    assert caught.value.code == 3
    assert caught.value.next_step == "Run the check: nox -s lint"
