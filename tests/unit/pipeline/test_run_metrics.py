"""The figures of a run as Prometheus text: what the library itself reads back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.unit.pipeline.test_document import FULL, composed
from tests.unit.pipeline.test_page import statement
from towpath.evidence.statement import Statement
from towpath.gates import Status
from towpath.pipeline import run_metrics
from towpath.pipeline.document import StageResult


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return every figure by its name and labels."""
    return {
        (row.name, frozenset(row.labels.items())): row.value
        for family in text_string_to_metric_families(text)
        for row in family.samples
    }


def value(text: str, name: str, **labels: str) -> float | None:
    """Return one figure, None without it."""
    return read(text).get((f"towpath_{name}", frozenset(labels.items())))


def text(statements: dict[str, Statement] | None = None, **changes: Any) -> str:
    """Return the text of a whole report."""
    return run_metrics.text({**composed(*FULL), **changes}, statements or {})


def test_a_run_has_its_time_its_duration_and_one_status() -> None:
    """Of the three statuses one is 1."""
    found = text(timestamp="2026-11-24T21:00:00Z", duration=62.5, status="failed")

    assert value(found, "run_timestamp_seconds") == 1795554000
    assert value(found, "run_duration_seconds") == 62.5
    statuses = {row: value(found, "run_status", status=row) for row in run_metrics.STATUSES}
    assert statuses == {"passed": 0, "failed": 1, "errored": 0}


def test_a_stage_has_its_duration_and_whether_it_was_reused() -> None:
    """By the name that it has in the report."""
    found = text()

    assert value(found, "stage_duration_seconds", stage="lint") == 1.5
    assert value(found, "stage_reused", stage="lint") == 0
    assert value(found, "stage_reused", stage="test") == 1
    assert value(found, "stage_status", stage="lint", status="passed") == 1
    assert value(found, "stage_status", stage="lint", status="failed") == 0


def test_a_gate_has_its_value_and_its_limit() -> None:
    """In the gate's own unit."""
    found = text({"lint": statement()})
    gate = {"stage": "lint", "gate": "COMPLEXITY"}

    assert value(found, "gate_value", **gate) == 7
    assert value(found, "gate_limit", **gate) == 10
    assert value(found, "gate_status", **gate, status="passed") == 1
    assert value(found, "gate_status", **gate, status="errored") == 0


def test_a_gate_that_measured_nothing_has_no_value() -> None:
    """It is errored: 0 would be a good value of many gates."""
    verdict = {**statement().verdicts[0], "value": None, "status": "errored"}
    found = text({"lint": replace(statement(), verdicts=(verdict,))})
    gate = {"stage": "lint", "gate": "COMPLEXITY"}

    assert value(found, "gate_value", **gate) is None
    assert value(found, "gate_limit", **gate) == 10
    assert value(found, "gate_status", **gate, status="errored") == 1


def test_a_hostile_branch_stays_one_label() -> None:
    """Quotes and ends of lines are the label's own."""
    branch = 'a"} 1\ntowpath_run_duration_seconds 0\n\\'
    found = text(branch=branch, duration=3)

    (labels,) = [dict(key[1]) for key in read(found) if key[0] == "towpath_run_info"]
    assert labels["branch"] == branch
    assert value(found, "run_duration_seconds") == 3


def test_a_run_that_stopped_at_once_has_figures() -> None:
    """With one errored stage and no statement."""
    document = composed(StageResult("lint", Status.ERRORED, 0.0, reason="no tool"))
    found = run_metrics.text(document, {})

    assert value(found, "stage_status", stage="lint", status="errored") == 1
    assert not [key for key in read(found) if key[0].startswith("towpath_gate")]
