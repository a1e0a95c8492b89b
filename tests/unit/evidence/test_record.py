"""Evidence on disk: judged, written whole, and reused only while everything still fits."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal, TableRunner
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import GateFailedError, NothingToJudgeError
from towpath.core.subject import Subject
from towpath.evidence import record as stages
from towpath.evidence import store as shelf
from towpath.evidence.statement import Statement
from towpath.gates import Status
from towpath.source.snapshot import SourceSnapshot

SOURCE = SourceSnapshot("c" * 40, "t" * 40, "main", "0.0.0+gccccccc", False, 1, "")
START = dt.datetime(2026, 11, 24, 21, 0, tzinfo=dt.UTC)
GOOD: dict[str, Any] = {"issues": 0, "complexity": 5, "maintainability": 50}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a session in an empty project."""
    return Workspace(config.parse({}, tmp_path, {}), TableRunner(), QuietTerminal())


def recorded(workspace: Workspace, facts: dict[str, Any] = GOOD, **more: Any) -> Statement:
    """Record the stage lint of SOURCE."""
    return stages.record(
        workspace,
        stages.StageRecord(
            stage="lint",
            subject=SOURCE.subject,
            facts=facts,
            inputs="i",
            started=START,
            duration=1.23456,
            **more,
        ),
    )


def test_a_statement_is_written_and_read_back(workspace: Workspace) -> None:
    """What is on disk is what was recorded."""
    written = recorded(workspace, tools={"mypy": "1"})

    assert stages.require(workspace.config, "lint") == written
    assert written.status is Status.PASSED
    assert written.started == "2026-11-24T21:00:00Z"
    assert written.duration == 1.235
    assert [row["gate"] for row in written.verdicts] == [
        "LINT",
        "COMPLEXITY",
        "MAINTAINABILITY",
    ]
    assert stages.error_of(written) is None


def test_a_failed_gate_is_an_error_with_code_4(workspace: Workspace) -> None:
    """The error names the gate and the measured value."""
    with pytest.raises(GateFailedError) as caught:
        stages.raise_for(recorded(workspace, {"issues": 3, "complexity": 5, "maintainability": 50}))

    assert caught.value.what == "lint failed: LINT."
    assert "issues is 3" in caught.value.why


def test_a_missing_fact_is_an_error_with_code_3(workspace: Workspace) -> None:
    """What was not measured is not passed."""
    statement = recorded(workspace, {"issues": 0})

    assert statement.status is Status.ERRORED
    with pytest.raises(NothingToJudgeError, match="COMPLEXITY"):
        stages.raise_for(statement)


def test_a_reason_makes_a_good_stage_errored(workspace: Workspace) -> None:
    """A flow that could not finish says why, and good numbers do not hide it."""
    assert recorded(workspace, reason="mypy crashed").status is Status.ERRORED


def test_a_stage_without_gates_passes_unless_a_reason_says_otherwise(workspace: Workspace) -> None:
    """Promotions and deployments have no threshold."""
    subject = Subject.image("app", "sha256:" + "a" * 64)

    def record(**more: Any) -> Status:
        return stages.record(
            workspace,
            stages.StageRecord(
                stage="deploy",
                subject=subject,
                facts={},
                inputs="i",
                started=START,
                duration=1,
                **more,
            ),
        ).status

    assert record() is Status.PASSED
    assert record(reason="no") is Status.ERRORED


def test_a_waived_gate_passes_and_says_so(tmp_path: Path) -> None:
    """The waiver's reason and last day stand in the verdict."""
    waiver = {"id": "LINT", "reason": "being mended", "expires": dt.date(2999, 1, 1)}
    workspace = Workspace(
        config.parse({"waivers": [waiver]}, tmp_path, {}), TableRunner(), QuietTerminal()
    )

    statement = recorded(workspace, {"issues": 3, "complexity": 5, "maintainability": 50})

    assert statement.status is Status.PASSED
    assert "waived: being mended (until 2999-01-01)" in statement.verdicts[0]["reason"]


def test_the_same_stage_again_names_the_attempt_it_repeats(workspace: Workspace) -> None:
    """Running again until green is visible."""
    first = recorded(workspace, {"issues": 3, "complexity": 5, "maintainability": 50})
    second = recorded(workspace)

    assert (first.attempt, first.repeats) == (1, "")
    assert (second.attempt, second.repeats) == (2, first.sha256)


def test_evidence_is_reused_only_for_the_same_inputs(workspace: Workspace) -> None:
    """Other inputs, no statement or a failed one: run again."""
    assert stages.reusable(workspace.config, "lint", "i") is None
    written = recorded(workspace)

    assert stages.reusable(workspace.config, "lint", "i") == written
    assert stages.reusable(workspace.config, "lint", "other") is None
    recorded(workspace, {"issues": 1, "complexity": 5, "maintainability": 50})
    assert stages.reusable(workspace.config, "lint", "i") is None


def test_evidence_under_another_policy_is_not_reused(workspace: Workspace, tmp_path: Path) -> None:
    """A new waiver is a new policy."""
    recorded(workspace)
    waiver = {"id": "LINT", "reason": "r", "expires": dt.date(2999, 1, 1)}
    changed = config.parse({"waivers": [waiver]}, tmp_path, {})

    assert stages.reusable(changed, "lint", "i") is None


def test_a_changed_artifact_is_put_back(workspace: Workspace) -> None:
    """The evidence comes with what it points at, byte for byte."""
    artifact = workspace.config.root / "reports/lint.json"
    artifact.parent.mkdir()
    artifact.write_text("{}")
    recorded(workspace, artifacts=[artifact])
    assert stages.reusable(workspace.config, "lint", "i") is not None

    artifact.write_text("{ }")
    assert stages.reusable(workspace.config, "lint", "i") is not None
    assert artifact.read_text() == "{}"
    artifact.unlink()
    assert stages.reusable(workspace.config, "lint", "i") is not None
    assert artifact.read_text() == "{}"


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_an_artifact_that_nobody_has_ends_the_reuse(workspace: Workspace, damage: str) -> None:
    """The evidence holds only as long as what it points at."""
    artifact = workspace.config.root / "reports/lint.json"
    artifact.parent.mkdir()
    artifact.write_text("{}")
    recorded(workspace, artifacts=[artifact])
    artifact.unlink()
    (copy,) = (shelf.folder(workspace.config) / "artifacts").iterdir()
    copy.unlink() if damage == "gone" else copy.write_text("{ }")

    assert stages.reusable(workspace.config, "lint", "i") is None
    assert not artifact.exists()


def test_nothing_is_put_back_outside_of_the_reports(workspace: Workspace) -> None:
    """Evidence from elsewhere may not write over the project."""
    inside = workspace.config.root / "reports/lint.json"
    inside.parent.mkdir()
    inside.write_text("{}")
    sha256 = recorded(workspace, artifacts=[inside]).artifacts["reports/lint.json"]
    outside = workspace.config.root / "pyproject.toml"
    planted = replace(recorded(workspace), artifacts={"reports/../pyproject.toml": sha256})
    place = shelf.folder(workspace.config) / "lint" / "i.json"
    place.write_bytes(planted.encode())

    assert stages.reusable(workspace.config, "lint", "i") is None
    assert not outside.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"_type": "x"}'])
def test_broken_evidence_is_an_error_and_never_reused(workspace: Workspace, content: bytes) -> None:
    """Half a file is no evidence."""
    file = stages.path(workspace.config, "lint")
    file.parent.mkdir(parents=True)
    file.write_bytes(content)

    assert stages.read_statement(workspace.config, "lint") is None
    with pytest.raises(NothingToJudgeError, match="reports/evidence/lint.json"):
        stages.require(workspace.config, "lint")


def test_missing_evidence_names_the_file_and_the_next_step(workspace: Workspace) -> None:
    """A report that is not there is exit code 3 with a way on."""
    with pytest.raises(NothingToJudgeError) as caught:
        stages.require(workspace.config, "lint")

    assert "reports/evidence/lint.json" in caught.value.why
    assert "nox -s lint" in caught.value.next_step


def test_evidence_is_judged_again_before_it_is_reused(workspace: Workspace) -> None:
    """A statement from a cache that says passed over facts that do not is not taken."""
    written = recorded(workspace)
    facts = {**written.facts, "issues": 3}
    shelf.put(workspace.config, replace(written, facts=facts))

    assert stages.reusable(workspace.config, "lint", "i") is None
    shelf.put(workspace.config, replace(written, started="2999-01-01T00:00:00Z"))
    assert stages.reusable(workspace.config, "lint", "i") is None
    shelf.put(workspace.config, written)
    assert stages.reusable(workspace.config, "lint", "i") == written


def test_a_fact_that_is_no_finite_number_is_missing(workspace: Workspace) -> None:
    """What is written can be read again, and its gate is errored."""
    written = recorded(workspace, {**GOOD, "complexity": float("nan"), "deep": [float("inf")]})

    assert (written.facts["complexity"], written.facts["deep"]) == (None, [None])
    assert stages.require(workspace.config, "lint") == written
    assert written.status is Status.ERRORED


def test_evidence_of_another_stage_is_not_reused(workspace: Workspace) -> None:
    """Whatever place it was put into."""
    lint = recorded(workspace)
    place = shelf.folder(workspace.config) / "integration"
    place.mkdir()
    (place / "i.json").write_bytes(lint.encode())

    assert stages.reusable(workspace.config, "integration", "i") is None
