"""Paths as multiples of a reference, held against a baseline; what does not compare is no pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

from towpath.checks import benchmark_reader as benchmark
from towpath.checks.benchmark_reader import Benchmarks
from towpath.core.errors import NothingToJudgeError
from towpath.gates import Status, evaluate, gate


def path(name: str, seconds: object = 0.006, **extra: Any) -> dict[str, Any]:
    """Return a path as pytest-benchmark reports it, with a reference of 2 ms."""
    info = {"reference": 0.002, "measure": "one", **extra}
    return {"name": name, "stats": {"min": seconds, "rounds": 9}, "extra_info": info}


def report(*rows: dict[str, Any]) -> str:
    """Return a report of these paths."""
    return json.dumps({"benchmarks": list(rows)})


def baseline(pythons: object, measure: str = "one") -> str:
    """Return a baseline."""
    return json.dumps({"measure": measure, "pythons": pythons})


MEASURED = Benchmarks({"ingest": 3.0, "health": 0.5}, "one")
KEPT = {"ingest": 2.0, "health": 1.0}


def test_a_path_is_a_multiple_of_its_reference() -> None:
    """Seconds are gone after that."""
    found = benchmark.read_benchmark(report(path("ingest"), path("health", 0.001)))

    assert found == Benchmarks({"ingest": pytest.approx(3), "health": pytest.approx(0.5)}, "one")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        report(),
        report(path("ingest"))[:-9],
        json.dumps({"benchmarks": {"ingest": 1}}),
        report({"name": "ingest"}),
        report(path("ingest", None)),
        report(path("ingest", "0.1")),
        report(path("ingest", True)),
        report(path("ingest", 0)),
        report(path("ingest", -1)),
        report(path("ingest", float("nan"))),
        report(path("ingest", float("inf"))),
        report(path("ingest", reference=0)),
        report(path("ingest", reference=None)),
        report(path("ingest"), path("ingest")),
        report(path("ingest"), path("health", measure="two")),
    ],
)
def test_a_report_that_is_not_whole_gives_no_verdict(text: str) -> None:
    """No time, no reference, half a document or two references: nothing to judge."""
    with pytest.raises(NothingToJudgeError, match="pytest-benchmark"):
        benchmark.read_benchmark(text)


def test_a_slowdown_is_a_ratio_of_ratios() -> None:
    """Below one is faster than the baseline."""
    found = benchmark.slowdowns(MEASURED, baseline({"3.12": KEPT, "3.13": {}}), "3.12")

    assert found == {"ingest": 1.5, "health": 0.5}


@pytest.mark.parametrize(("ratio", "status"), [(3.0, "passed"), (3.01, "failed")])
def test_the_gate_judges_the_slowdown(ratio: float, status: str) -> None:
    """At its edge, through the reader."""
    found = benchmark.slowdowns(
        Benchmarks({"ingest": ratio}, "one"), baseline({"3.12": {"ingest": 2.0}}), "3.12"
    )

    assert evaluate(gate("SLOWDOWN"), found["ingest"]).status is Status(status)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (baseline({"3.12": KEPT}, "two"), "another reference"),
        (baseline({"3.13": KEPT}), "no entry for Python 3.12"),
        (baseline({"3.12": [1]}), "no entry for Python 3.12"),
        (baseline([]), "no entry for Python 3.12"),
        (baseline({"3.12": {"ingest": 2.0}}), "health"),
        (baseline({"3.12": {**KEPT, "gone": 1.0}}), "gone"),
        (baseline({"3.12": {**KEPT, "health": 0}}), "invalid time 0"),
        (baseline({"3.12": {**KEPT, "health": "1"}}), "invalid time '1'"),
        (baseline({"3.12": {**KEPT, "health": None}}), "invalid time None"),
    ],
)
def test_a_baseline_that_does_not_fit_gives_no_verdict(text: str, why: str) -> None:
    """It says how to renew it."""
    with pytest.raises(NothingToJudgeError) as caught:
        benchmark.slowdowns(MEASURED, text, "3.12")

    assert why in caught.value.why
    assert caught.value.next_step == benchmark.RENEW


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_baseline_that_is_none_gives_no_verdict(text: str) -> None:
    """A missing file reads as nothing."""
    with pytest.raises(NothingToJudgeError):
        benchmark.slowdowns(MEASURED, text, "3.12")


@pytest.mark.parametrize(
    ("old", "pythons"),
    [
        ("", ["3.12"]),
        (baseline({"3.11": KEPT, "3.12": KEPT}), ["3.11", "3.12"]),
        (baseline({"3.11": KEPT}, "two"), ["3.12"]),
    ],
)
def test_a_renewed_baseline_keeps_other_pythons(old: str, pythons: list[str]) -> None:
    """Unless they were measured against another reference; what was measured then fits."""
    new = benchmark.renewed(MEASURED, old, "3.12")

    assert sorted(json.loads(new)["pythons"]) == pythons
    assert benchmark.slowdowns(MEASURED, new, "3.12") == {"ingest": 1.0, "health": 1.0}


def test_a_renewed_baseline_reads_well_in_a_review() -> None:
    """One line for each path, in order, three digits after the point."""
    measured = Benchmarks({"b": 2.00049, "a": 1.23456}, "one")

    assert benchmark.renewed(measured, "", "3.12") == (
        '{\n "measure": "one",\n "pythons": {\n  "3.12": {\n'
        '   "a": 1.235,\n   "b": 2.0\n  }\n }\n}\n'
    )
