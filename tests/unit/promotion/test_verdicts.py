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
from towpath.config.workspace import Session
from towpath.core import files
from towpath.core.errors import ConfigurationError, GateFailedError, NothingToJudgeError
from towpath.evidence import record as stages
from towpath.promotion import verdicts

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(config.parse({}, tmp_path, {}), TableRunner(), QuietTerminal())


def written(session: Session) -> str:
    """Return what was written to standard output."""
    text: str = session.terminal.written  # type: ignore[attr-defined]
    return text


def test_all_passed_is_no_error(session: Session) -> None:
    """Every gate is in the table."""
    for stage in verdicts.JUDGED:
        record(session, stage, DIGEST)

    verdicts.check(session)

    assert written(session).count("passed") == sum(len(good(row)) for row in verdicts.JUDGED)
    assert "COVERAGE" in written(session)


def test_a_stage_that_no_release_needs_is_judged_only_where_it_ran(session: Session) -> None:
    """What a deployment watches leaves no evidence, and none is missed; what is there counts."""
    for stage in verdicts.NEEDED:
        record(session, stage, DIGEST)

    verdicts.check(session)
    assert "ERROR_RATE" not in written(session)

    record(session, "watch", DIGEST, error_percent=50)
    with pytest.raises(GateFailedError, match="ERROR_RATE"):
        verdicts.check(session)


def test_a_failed_gate_comes_before_missing_evidence(session: Session) -> None:
    """A no is worse than nothing to judge, and both are in the table."""
    record(session, "lint", DIGEST, issues=3)

    with pytest.raises(GateFailedError, match="LINT"):
        verdicts.check(session)

    assert "issues is 3" in written(session)
    assert "There is no evidence of the stage tests." in written(session)


def test_missing_evidence_is_code_3(session: Session) -> None:
    """Nothing to judge is not passed."""
    with pytest.raises(NothingToJudgeError) as caught:
        verdicts.check(session, "lint")

    assert caught.value.code == 3


def test_one_stage_alone(session: Session) -> None:
    """Other stages are not asked for."""
    record(session, "lint", DIGEST)

    verdicts.check(session, "lint")

    assert "tests" not in written(session)


def test_another_policy_is_no_verdict(session: Session, tmp_path: Path) -> None:
    """A changed waiver makes old verdicts worthless."""
    record(session, "lint", DIGEST)
    waiver = {"id": "LINT", "reason": "r", "expires": dt.date(2999, 1, 1)}
    changed = Session(
        config.parse({"waivers": [waiver]}, tmp_path, {}), TableRunner(), QuietTerminal()
    )

    with pytest.raises(NothingToJudgeError, match="another policy"):
        verdicts.check(changed, "lint")


def test_an_unknown_stage_names_the_nearest(session: Session) -> None:
    """A typing error is exit code 2."""
    with pytest.raises(ConfigurationError, match="Did you mean 'lint'"):
        verdicts.check(session, "lnt")


def test_empty_evidence_is_code_3(session: Session) -> None:
    """An empty file is no statement."""
    files.write(stages.path(session.config, "lint"), b"")

    with pytest.raises(NothingToJudgeError, match="not readable evidence"):
        verdicts.check(session, "lint")


def forged(session: Session, stage: str, **fields: Any) -> None:
    """Write evidence of a stage with fields replaced."""
    stages.write(session.config, replace(record(session, stage, DIGEST), **fields))


def test_a_value_is_compared_with_its_limit_again(session: Session) -> None:
    """Evidence that says passed over a coverage of 3 % is a gate that failed, here too."""
    facts = {**good("tests"), "coverage": 3}
    forged(session, "tests", facts=facts)

    with pytest.raises(GateFailedError) as caught:
        verdicts.check(session, "tests")

    assert caught.value.what == "tests failed: COVERAGE."
    assert "coverage is 3 %, wanted COVERAGE >= 80 %" in written(session)


def test_evidence_that_is_not_believed_is_code_3(session: Session) -> None:
    """A time that has not come yet, and evidence of another stage."""
    forged(session, "lint", started="2999-01-01T00:00:00Z")
    with pytest.raises(NothingToJudgeError, match="The evidence of lint is not believed") as caught:
        verdicts.check(session, "lint")
    assert "which is later than now" in caught.value.why

    lint = stages.path(session.config, "lint")
    lint.write_bytes(record(session, "security", DIGEST).encode())
    with pytest.raises(NothingToJudgeError, match="speaks of the stage security"):
        verdicts.check(session, "lint")
