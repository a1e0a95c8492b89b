"""Lint from tool to verdict: what a linter did not say is never taken for a yes."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import Answer, TableRunner, outcome
from tests.unit.checks.checked import (
    CLEAN,
    METRICS,
    SHELL,
    SOURCE,
    WEAK,
    calls,
    evidence,
    project,
    said,
    source_of,
    workspace_of,
)
from towpath.checks import records
from towpath.checks.lint import lint
from towpath.checks.lint import linter as linting
from towpath.checks.lint.linters_commands import LINTERS
from towpath.checks.tool_versions import version
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    CommandFailedError,
    GateFailedError,
    InterruptedRunError,
    NothingToJudgeError,
)
from towpath.core.runner import Outcome, Runner
from towpath.evidence import record as stages
from towpath.evidence import stage_inputs
from towpath.gates import Status


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project."""
    return project(tmp_path)


def test_clean_code_passes_lint(root: Path) -> None:
    """Every linter ran on every file of its own, and the statement says so."""
    workspace = workspace_of(root, CLEAN)

    lint.lint(workspace)

    found = evidence(workspace, "lint")
    assert found.status is Status.PASSED
    skipped = {"imports", "requirements-drift", "lock-drift", "ruff", "ruff-format", "pyright"}
    assert found.facts["excluded_linters"].keys() == skipped
    assert {name: row for name, row in found.facts.items() if name != "excluded_linters"} == {
        "issues": 0,
        "complexity": 4,
        "maintainability": 80,
        **dict.fromkeys(("black", "isort", "flake8", "mypy", "bandit"), 0),
        **dict.fromkeys(("django-deploy-check", "migrations"), 0),
    }
    assert set(found.tools) == {tool.name for tool in LINTERS} - skipped
    assert "the project has no .importlinter" in said(workspace)
    assert found.inputs == stage_inputs.check_inputs(workspace, source_of(workspace), "lint")
    ran = {line.split(" -m ")[1] for line in calls(workspace) if " -m " in line}
    assert "bandit --quiet --format=json --exclude= app/a.py" in ran
    assert "black --check --no-color --verbose app/a.py tests/test_a.py" in ran
    assert "radon" in said(workspace) and "measured" in said(workspace)


def test_shell_true_stops_at_lint(root: Path) -> None:
    """The finding is named with its file and line, and annotated in GitHub."""
    workspace = workspace_of(root, CLEAN | {"-m bandit": SHELL}, {"GITHUB_ACTIONS": "true"})

    with pytest.raises(GateFailedError):
        lint.lint(workspace)

    assert evidence(workspace, "lint").facts["issues"] == 1
    assert "app/a.py:1: B602 shell=True" in said(workspace)
    assert "::error file=app/a.py,line=1::B602 shell=True" in said(workspace)


@pytest.mark.parametrize("tool", CLEAN)
@pytest.mark.parametrize("broken", [outcome(code=1, stderr="No module named x"), outcome()])
def test_a_linter_that_did_not_judge_leaves_lint_without_a_verdict(
    root: Path, tool: str, broken: Outcome
) -> None:
    """All others ran and were clean; that is not enough."""
    workspace = workspace_of(root, CLEAN | {tool: broken})

    with pytest.raises(NothingToJudgeError):
        lint.lint(workspace)

    found = evidence(workspace, "lint")
    assert found.status is Status.ERRORED
    named = {"complexity mi": "maintainability", "complexity cc": "radon", "imports": "isort"}
    name = named.get(tool.rpartition(".")[2], tool.split()[-1])
    assert f"{name} produced no usable result" in found.reason
    assert all(key in " ".join(calls(workspace)) for key in CLEAN)


def test_a_linter_that_cannot_start_is_errored_too(root: Path) -> None:
    """The runner's error does not end the other linters."""

    def missing(argv: tuple[str, ...]) -> Outcome:
        raise CommandFailedError("mypy is not installed or not on PATH.")

    workspace = workspace_of(root, CLEAN | {"-m mypy": missing})

    with pytest.raises(NothingToJudgeError) as caught:
        lint.lint(workspace)

    assert "mypy is not installed" in caught.value.why


def test_a_failure_is_not_hidden_by_a_tool_that_broke(root: Path) -> None:
    """A no stays a no, and the reason names both."""
    workspace = workspace_of(root, CLEAN | {"-m bandit": SHELL, "-m mypy": outcome(code=2)})

    with pytest.raises(GateFailedError):
        lint.lint(workspace)

    assert evidence(workspace, "lint").status is Status.FAILED
    reason = evidence(workspace, "lint").reason
    assert "mypy produced no usable result" in reason and "issues is 1; required:" in reason


def test_many_findings_are_told_in_short(root: Path) -> None:
    """Twenty, and how many more."""
    document = {"errors": [], "metrics": METRICS, "results": [WEAK] * 25}
    workspace = workspace_of(root, CLEAN | {"-m bandit": outcome(json.dumps(document), code=1)})

    with pytest.raises(GateFailedError):
        lint.lint(workspace)

    assert said(workspace).count("B602") == 20
    assert "and 5 more" in said(workspace)


def test_files_that_change_during_a_check_leave_no_verdict(root: Path) -> None:
    """What was judged is not what is there now."""
    hashes = iter(["before", "after", "after"])

    def files(argv: tuple[str, ...]) -> Outcome:
        hash_ = next(hashes)
        return outcome(f"100644 blob {hash_}\tapp/a.py\0100644 blob 1\ttests/test_a.py\0")

    workspace = workspace_of(root, CLEAN | {"ls-tree": files})

    with pytest.raises(NothingToJudgeError) as caught:
        lint.lint(workspace)

    assert "changed during the check" in caught.value.why


def test_no_python_file_at_all_is_no_pass(root: Path) -> None:
    """A pattern that matches nothing has checked nothing."""
    workspace = workspace_of(root, CLEAN | {"ls-tree": ""})

    with pytest.raises(NothingToJudgeError):
        lint.lint(workspace)

    assert evidence(workspace, "lint").status is Status.ERRORED


def test_the_version_of_a_package_that_is_not_there_is_missing() -> None:
    """It does not end the check; its gate will."""
    assert version("no-such-package-here", sys.executable) == "missing"
    assert version("pytest", sys.executable)[0].isdigit()
    assert version("towpath", sys.executable) != "missing"


class Stopping(TableRunner):
    """A runner whose commands run until they are stopped, as real ones do."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        super().__init__(answers)
        self.running = threading.Event()
        self.stopped = threading.Event()

    def run(self, argv: Sequence[str], **how: Any) -> Outcome:
        """Run a linter until `stop`; anything else answers from the table."""
        if "-m" not in argv:
            return super().run(argv, **how)
        self.running.set()
        assert self.stopped.wait(5), "nobody stopped it"
        raise InterruptedRunError("Interrupted while running.")

    def stop(self) -> None:
        """Stop everything."""
        self.stopped.set()


@pytest.mark.usefixtures("listening")
def test_ctrl_c_ends_all_linters_and_leaves_no_evidence(root: Path) -> None:
    """It reaches one thread only; the others are stopped by it."""
    workspace = workspace_of(root, CLEAN)
    runner = Stopping({**SOURCE, **CLEAN})
    workspace = Workspace(workspace.config, runner, workspace.terminal)

    def interrupt() -> None:
        runner.running.wait(5)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises((KeyboardInterrupt, InterruptedRunError)):
        lint.lint(workspace)

    assert runner.stopped.is_set()
    assert not stages.path(workspace.config, "lint").exists()
    assert records.names(workspace.config, "lint") == []
    assert not (workspace.config.reports / "cache").exists()


@pytest.mark.door
def test_a_linter_over_its_deadline_is_errored_by_its_name(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real process that hangs is ended; the others are judged all the same."""
    monkeypatch.setattr(linting, "DEADLINE", 0.5)
    workspace = workspace_of(root, {})
    real = Runner(workspace.terminal, env={}, cwd=root)

    class Hanging(TableRunner):
        """Answers from a table, but mypy is a real process that hangs."""

        def run(self, argv: Sequence[str], **how: Any) -> Outcome:
            if "mypy" in argv:
                return real.run([sys.executable, "-c", "import time; time.sleep(60)"], **how)
            return super().run(argv, **how)

    workspace = Workspace(workspace.config, Hanging({**SOURCE, **CLEAN}), workspace.terminal)

    with pytest.raises(NothingToJudgeError) as caught:
        lint.lint(workspace)

    assert "mypy produced no usable result" in caught.value.why
    assert "timed out after 0.5 s" in caught.value.why
    assert evidence(workspace, "lint").facts["flake8"] == 0
    assert "timed out after 0.5 s" in (root / "reports/logs/mypy.log").read_text()


@pytest.mark.parametrize("github", ["", "true"])
def test_each_linter_has_its_line_and_then_there_is_one_table(root: Path, github: str) -> None:
    """With its time and its count, as soon as it has ended; the words of a tool are in its log."""
    workspace = workspace_of(root, CLEAN, {"GITHUB_ACTIONS": github})

    lint.lint(workspace)

    lines = said(workspace).splitlines()
    assert sum(line.startswith("✓ flake8: issues: 0, files: 2 ") for line in lines) == 1
    assert sum("│ flake8" in line for line in lines) == 1
    log = (root / "reports/logs/flake8.log").read_text()
    assert log.startswith("$ ") and "total files processed" in log
    assert ("total files processed" in said(workspace)) == bool(github)
