"""`gates.check`: every verdict in one table, and the worst of them is the exit code."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal, TableRunner
from tests.releases import good, record
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core import files
from towpath.core.errors import ConfigurationError, GateFailedError, NothingToJudgeError
from towpath.evidence import record as stages
from towpath.promotion import verdicts

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(config.parse({}, tmp_path, {}), TableRunner(), QuietTerminal())


def written(workspace: Workspace) -> str:
    """Return what was written to standard output."""
    text: str = workspace.terminal.written  # type: ignore[attr-defined]
    return text


def test_all_passed_is_no_error(workspace: Workspace) -> None:
    """Every gate is in the table."""
    for stage in verdicts.JUDGED:
        record(workspace, stage, DIGEST)

    verdicts.check(workspace)

    assert written(workspace).count("passed") == sum(len(good(row)) for row in verdicts.JUDGED)
    assert "COVERAGE" in written(workspace)


def test_a_stage_that_no_release_needs_is_judged_only_where_it_ran(workspace: Workspace) -> None:
    """What a deployment watches leaves no evidence, and none is missed; what is there counts."""
    for stage in verdicts.NEEDED:
        record(workspace, stage, DIGEST)

    verdicts.check(workspace)
    assert "ERROR_RATE" not in written(workspace)

    record(workspace, "watch", DIGEST, error_percent=50)
    with pytest.raises(GateFailedError, match="ERROR_RATE"):
        verdicts.check(workspace)


def test_a_failed_gate_comes_before_missing_evidence(workspace: Workspace) -> None:
    """A no is worse than nothing to judge, and both are in the table."""
    record(workspace, "lint", DIGEST, issues=3)

    with pytest.raises(GateFailedError, match="LINT"):
        verdicts.check(workspace)

    assert "issues is 3" in written(workspace)
    assert "There is no evidence for the stage tests." in written(workspace)


def test_missing_evidence_is_code_3(workspace: Workspace) -> None:
    """Nothing to judge is not passed."""
    with pytest.raises(NothingToJudgeError) as caught:
        verdicts.check(workspace, "lint")

    assert caught.value.code == 3


def test_one_stage_alone(workspace: Workspace) -> None:
    """Other stages are not asked for."""
    record(workspace, "lint", DIGEST)

    verdicts.check(workspace, "lint")

    assert "tests" not in written(workspace)


def test_another_policy_is_no_verdict(workspace: Workspace, tmp_path: Path) -> None:
    """A changed waiver makes old verdicts worthless."""
    record(workspace, "lint", DIGEST)
    waiver = {"id": "LINT", "reason": "r", "expires": dt.date(2999, 1, 1)}
    changed = Workspace(
        config.parse({"waivers": [waiver]}, tmp_path, {}), TableRunner(), QuietTerminal()
    )

    with pytest.raises(NothingToJudgeError, match="another policy"):
        verdicts.check(changed, "lint")


def test_an_unknown_stage_names_the_nearest(workspace: Workspace) -> None:
    """A typing error is exit code 2."""
    with pytest.raises(ConfigurationError, match="Did you mean 'lint'"):
        verdicts.check(workspace, "lnt")


def test_empty_evidence_is_code_3(workspace: Workspace) -> None:
    """An empty file is no statement."""
    files.write_atomically(stages.path(workspace.config, "lint"), b"")

    with pytest.raises(NothingToJudgeError, match="not valid evidence"):
        verdicts.check(workspace, "lint")


def forged(workspace: Workspace, stage: str, **fields: Any) -> None:
    """Write evidence of a stage with fields replaced."""
    stages.write_statement(workspace.config, replace(record(workspace, stage, DIGEST), **fields))


def test_a_value_is_compared_with_its_limit_again(workspace: Workspace) -> None:
    """Evidence that says passed over a coverage of 3 % is a gate that failed, here too."""
    facts = {**good("tests"), "coverage": 3}
    forged(workspace, "tests", facts=facts)

    with pytest.raises(GateFailedError) as caught:
        verdicts.check(workspace, "tests")

    assert caught.value.what == "tests failed: COVERAGE."
    assert "coverage is 3 %; required: COVERAGE >= 80 %" in written(workspace)


def test_evidence_that_is_not_believed_is_code_3(workspace: Workspace) -> None:
    """A time that has not come yet, and evidence of another stage."""
    forged(workspace, "lint", started="2999-01-01T00:00:00Z")
    with pytest.raises(NothingToJudgeError, match="The evidence of lint is not valid") as caught:
        verdicts.check(workspace, "lint")
    assert "which is in the future" in caught.value.why

    lint = stages.path(workspace.config, "lint")
    lint.write_bytes(record(workspace, "security", DIGEST).encode())
    with pytest.raises(NothingToJudgeError, match="is about the stage security"):
        verdicts.check(workspace, "lint")
