"""The percent covered, exact; anything else is no verdict."""

from __future__ import annotations

import json

import pytest

from towpath.checks.tests import coverage_reader as coverage
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Exclusion
from towpath.gates import Status, evaluate, gate


def report(
    percent: object, statements: int = 100, lines: object = 90, branches: object = True
) -> str:
    """Return a report of coverage."""
    totals = {"percent_covered": percent, "num_statements": statements, "covered_lines": lines}
    return json.dumps({"meta": {"branch_coverage": branches}, "totals": totals})


@pytest.mark.parametrize(
    ("percent", "status"),
    [(79.9, "failed"), (79.96, "failed"), (79.999999, "failed"), (80, "passed"), (100.0, "passed")],
)
def test_the_percent_is_not_rounded(percent: float, status: str) -> None:
    """79.96 is under 80, however a table may show it."""
    found = coverage.read_coverage(report(percent))

    assert found.percent == percent
    assert evaluate(gate("COVERAGE"), found.percent).status is Status(status)


def test_lines_are_told_apart_from_branches() -> None:
    """Their percent is exact too."""
    assert coverage.read_coverage(report(80, statements=3, lines=2)).lines == 200 / 3


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}", '{"totals": {}}', '{"totals": []}', report("high"), report(None)]
    + [report(float("nan")), report(101), report(-1), report(100, statements=0)]
    + [report(90, lines=101), report(90, lines=-1), report(90, lines="many")]
    + [report(90, branches=False), report(90, branches=None)],
)
def test_a_report_without_a_percentage_gives_no_verdict(text: str) -> None:
    """Nothing measured is not one hundred percent."""
    with pytest.raises(NothingToJudgeError):
        coverage.read_coverage(text)


def test_nothing_covered_and_a_part_of_a_percent_are_percentages() -> None:
    """Zero is a measure too."""
    assert coverage.read_coverage(report(0, lines=0)) == coverage.Covered(0.0, 0.0)
    assert coverage.read_coverage(report(0.5, statements=1000, lines=5)) == coverage.Covered(
        0.5, 0.5
    )


def test_what_was_excluded_is_named_by_file() -> None:
    """By comments or settings alike; a file without excluded lines is only measured."""
    document = json.loads(report(90))
    document["files"] = {
        "b.py": {"summary": {"excluded_lines": 3}},
        "a.py": {"summary": {"excluded_lines": 0}},
    }

    found = coverage.read_coverage(json.dumps(document))

    assert found.files == {"a.py", "b.py"}
    assert found.exclusions == (Exclusion("b.py", "lines excluded from coverage: 3"),)


@pytest.mark.parametrize("files", [["a.py"], {"a.py": 1}, {"a.py": {}}])
def test_files_of_another_form_give_no_verdict(files: object) -> None:
    """Nothing is guessed."""
    with pytest.raises(NothingToJudgeError):
        coverage.read_coverage(json.dumps(json.loads(report(90)) | {"files": files}))
