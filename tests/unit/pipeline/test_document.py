"""The report has the shape that its schema promises, and says why a stage stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from towpath.core.errors import TowpathError
from towpath.gates import Status
from towpath.pipeline import document as report
from towpath.pipeline.document import StageResult

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "app/releases/report.schema.json").read_text(encoding="utf-8")
)
DIGEST = "sha256:" + "a" * 64


def composed(*results: StageResult) -> dict[str, Any]:
    """Return a report of these stages, with everything else fixed."""
    return report.compose(
        run="6a2f41a3-c54c-4ae9-8a5a-0c1d3e5f7a9b",
        timestamp="2026-11-24T21:00:00Z",
        commit="c" * 40,
        branch="main",
        version="1.2.3",
        duration=12.34567,
        results=results,
    )


FULL = (
    StageResult("lint", Status.PASSED, 1.5, {"issues": 0, "complexity": 7, "maintainability": 50}),
    StageResult(
        "tests",
        Status.PASSED,
        9.0,
        {"coverage": 97.5, "tests_run": 10, "tests_passed": 10, "tests_failed": 0},
        saved=8.25,
    ),
    StageResult(
        "integration", Status.PASSED, 3, {"tests_run": 4, "tests_passed": 4, "tests_failed": 0}
    ),
    StageResult(
        "security",
        Status.PASSED,
        2,
        {"vulnerabilities": {"critical": 0, "high": 0, "medium": 1, "low": 2}},
    ),
    StageResult(
        "build",
        Status.PASSED,
        8.8,
        {
            "image_size": 61_000_000,
            "sizes": {"linux/amd64": 61_000_000, "linux/arm64": 60_000_000},
            "platforms": ["linux/amd64", "linux/arm64"],
            "digest": DIGEST,
        },
    ),
    StageResult("promote-test", Status.PASSED, 0.2, {"digest": DIGEST, "tag": "test"}),
    StageResult(
        "deploy",
        Status.PASSED,
        11,
        {"environment": "staging", "digest": DIGEST, "previous": None},
    ),
    StageResult(
        "verify",
        Status.PASSED,
        0.3,
        {"environment": "staging", "digest": DIGEST, "version": "1.2.3"},
    ),
)


def test_a_full_report_fits_its_schema() -> None:
    """Every stage's part fits the schema that the dashboard checks."""
    document = composed(*FULL)

    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["status"] == "passed"
    assert list(document["stages"]) == [
        "lint",
        "test",
        "integration",
        "security",
        "build",
        "promote-test",
        "deploy",
        "verify",
    ]
    assert document["stages"]["test"]["saved"] == 8.25
    assert document["duration"] == 12.346


@pytest.mark.parametrize("key", ["timestamp", "commit", "branch", "version", "status", "stages"])
def test_a_report_without_a_key_does_not_fit(key: str) -> None:
    """The schema wants every top key."""
    document = composed(*FULL)
    del document[key]

    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(document)


def test_a_duration_as_prose_does_not_fit() -> None:
    """Seconds are numbers."""
    document = composed(*FULL)
    document["stages"]["lint"]["duration"] = "1.5 s"

    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(document)


@pytest.mark.parametrize(
    ("statuses", "whole"),
    [
        ([], "errored"),
        ([Status.PASSED], "passed"),
        ([Status.PASSED, Status.ERRORED], "errored"),
        ([Status.ERRORED, Status.FAILED], "failed"),
    ],
)
def test_the_worst_stage_decides(statuses: list[Status], whole: str) -> None:
    """A run is as bad as its worst stage, and a run of nothing shows nothing."""
    results = [
        StageResult(
            f"s{number}", row, 1, error=None if row is Status.PASSED else TowpathError("no")
        )
        for number, row in enumerate(statuses)
    ]

    assert composed(*results)["status"] == whole


def test_an_unevaluated_gate_is_shown_and_does_not_stop_the_run() -> None:
    """The stage stays errored in the report; the run came to its end."""
    fields = {"not_evaluated": ["ADVISORIES_HIGH"]}
    document = composed(StageResult("security", Status.ERRORED, 1, fields, reason="not asked"))

    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["status"] == "passed"
    assert document["stages"]["security"]["status"] == "errored"
    assert "not evaluated: ADVISORIES_HIGH" in report.markdown(document)


def test_a_stopped_stage_says_why() -> None:
    """The reason is in the report, and the note of a table starts with it."""
    stage = StageResult("build", Status.ERRORED, 1, reason="the registry is down").as_json()

    assert stage == {"status": "errored", "duration": 1, "reason": "the registry is down"}
    assert report.note(stage) == "the registry is down"


def test_severities_add_code_and_advisories() -> None:
    """The report shows one number a severity, of all sources."""
    counts = dict.fromkeys(report.LEVELS, 1)
    facts = {
        f"{source}{level}": n for source in ("code_", "advisories_") for level, n in counts.items()
    }

    assert report.severities(facts, ("code_", "advisories_")) == dict.fromkeys(report.LEVELS, 2)


def test_a_source_that_did_not_count_leaves_no_number() -> None:
    """Half of the counts would read as the whole."""
    facts: dict[str, int | None] = {f"code_{level}": 0 for level in report.LEVELS}

    assert report.severities(facts, ("code_", "advisories_")) == {}
    assert report.severities(dict.fromkeys(report.LEVELS)) == {}


def test_check_fields_leave_out_a_missing_fact() -> None:
    """What could not be measured is not shown as a number."""
    assert report.check_fields("tests", {"coverage": None, "tests_run": 3}) == {"tests_run": 3}
    assert report.check_fields("security", {"code_low": 1}) == {}
    assert report.check_fields("unheard-of", {"issues": 1}) == {}


def test_the_note_names_what_was_saved_and_the_sizes() -> None:
    """The words of a table come from the stage's own numbers."""
    document = composed(*FULL)

    assert "evidence reused, saved 8.2 s" in report.note(document["stages"]["test"])
    assert "coverage 97.50 %" in report.note(document["stages"]["test"])
    assert "linux/amd64 61.0 MB" in report.note(document["stages"]["build"])
    assert report.note({"not_evaluated": ["ADVISORIES_HIGH"]}) == "not evaluated: ADVISORIES_HIGH"


STOPPED = StageResult("lint", Status.FAILED, 2, reason="a|b", error=TowpathError("no"))


def test_the_summary_is_a_markdown_table() -> None:
    """One row a stage; a pipe in a reason does not break the table."""
    rows = report.markdown(composed(STOPPED)).split("\n")

    assert rows[0] == "### ❌ 1.2.3 on main"
    assert rows[-1] == "| lint | ❌ | 2.0 | a\\|b |"
