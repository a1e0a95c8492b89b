"""Lint from tool to verdict: what a linter did not say is never taken for a yes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes import outcome
from tests.unit.flows.checked import (
    CLEAN,
    METRICS,
    SHELL,
    WEAK,
    calls,
    evidence,
    project,
    said,
    session_of,
    source_of,
)
from towpath.errors import (
    CommandFailedError,
    GateFailedError,
    NothingToJudgeError,
)
from towpath.flows import lint, stages
from towpath.gates import Status
from towpath.runner import Outcome


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project."""
    return project(tmp_path)


def test_clean_code_passes_lint(root: Path) -> None:
    """Every linter ran on every file of its own, and the statement says so."""
    session = session_of(root, CLEAN)

    lint.lint(session)

    found = evidence(session, "lint")
    assert found.status is Status.PASSED
    assert found.facts == {
        "issues": 0,
        "complexity": 4,
        **dict.fromkeys(("black", "isort", "flake8", "mypy", "bandit"), 0),
    }
    assert set(found.tools) == {"bandit", "black", "flake8", "isort", "mypy", "radon"}
    assert found.inputs == stages.check_inputs(session, source_of(session), "lint")
    ran = {line.split(" -m ")[1] for line in calls(session) if " -m " in line}
    assert "mypy --strict --no-pretty --no-color-output app/a.py" in ran
    assert "black --check --no-color app/a.py tests/test_a.py" in ran
    assert "radon" in said(session) and "measured" in said(session)


def test_shell_true_stops_at_lint(root: Path) -> None:
    """The finding is named with its file and line, and annotated in GitHub."""
    session = session_of(root, CLEAN | {"-m bandit": SHELL}, {"GITHUB_ACTIONS": "true"})

    with pytest.raises(GateFailedError):
        lint.lint(session)

    assert evidence(session, "lint").facts["issues"] == 1
    assert "app/a.py:1: B602 shell=True" in said(session)
    assert "::error file=app/a.py,line=1::B602 shell=True" in said(session)


@pytest.mark.parametrize("tool", CLEAN)
@pytest.mark.parametrize("broken", [outcome(code=1, stderr="No module named x"), outcome()])
def test_a_linter_that_did_not_judge_leaves_lint_without_a_verdict(
    root: Path, tool: str, broken: Outcome
) -> None:
    """All others ran and were clean; that is not enough."""
    session = session_of(root, CLEAN | {tool: broken})

    with pytest.raises(NothingToJudgeError):
        lint.lint(session)

    found = evidence(session, "lint")
    assert found.status is Status.ERRORED
    assert tool.removeprefix("-m ") in found.reason
    assert all(key in " ".join(calls(session)) for key in CLEAN)


def test_a_linter_that_cannot_start_is_errored_too(root: Path) -> None:
    """The runner's error does not end the other linters."""

    def missing(argv: tuple[str, ...]) -> Outcome:
        raise CommandFailedError("mypy is not installed or not on PATH.")

    session = session_of(root, CLEAN | {"-m mypy": missing})

    with pytest.raises(NothingToJudgeError) as caught:
        lint.lint(session)

    assert "mypy is not installed" in caught.value.why


def test_a_failure_is_not_hidden_by_a_tool_that_broke(root: Path) -> None:
    """A no stays a no, and the reason names both."""
    session = session_of(root, CLEAN | {"-m bandit": SHELL, "-m mypy": outcome(code=2)})

    with pytest.raises(GateFailedError):
        lint.lint(session)

    assert evidence(session, "lint").status is Status.FAILED
    reason = evidence(session, "lint").reason
    assert "mypy gave no verdict" in reason and "issues is 1, wanted" in reason


def test_many_findings_are_told_in_short(root: Path) -> None:
    """Twenty, and how many more."""
    document = {"errors": [], "metrics": METRICS, "results": [WEAK] * 25}
    session = session_of(root, CLEAN | {"-m bandit": outcome(json.dumps(document), code=1)})

    with pytest.raises(GateFailedError):
        lint.lint(session)

    assert said(session).count("B602") == 20
    assert "and 5 more" in said(session)


def test_files_that_change_during_a_check_leave_no_verdict(root: Path) -> None:
    """What was judged is not what is there now."""
    trees = iter(["t", "u", "u", "u"])

    def tree(argv: tuple[str, ...]) -> Outcome:
        return outcome(f"{next(trees) * 40}\n")

    session = session_of(root, CLEAN | {"write-tree": tree})

    with pytest.raises(NothingToJudgeError) as caught:
        lint.lint(session)

    assert "changed since the check began" in caught.value.why


def test_no_python_file_at_all_is_no_pass(root: Path) -> None:
    """A pattern that matches nothing has checked nothing."""
    session = session_of(root, CLEAN | {"ls-files": ""})

    with pytest.raises(NothingToJudgeError):
        lint.lint(session)

    assert evidence(session, "lint").status is Status.ERRORED


def test_the_version_of_a_package_that_is_not_there_is_missing() -> None:
    """It does not end the check; its gate will."""
    assert lint.version("no-such-package-here") == "missing"
    assert lint.version("pytest")[0].isdigit()
