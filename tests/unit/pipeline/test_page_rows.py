"""What is shown of a run: bounded, the worst first, and nothing twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.pipeline.test_document import FULL, composed
from towpath.checks.tests import junit_reader
from towpath.checks.tests.junit_reader import Case
from towpath.core.errors import GateFailedError
from towpath.gates import Status
from towpath.pipeline import page, page_rows, page_summary
from towpath.pipeline.document import StageResult
from towpath.pipeline.links import Links
from towpath.pipeline.page_data import PageData


def failed(name: str = "t::a", report: str = "tests/3.12", **changes: Any) -> Case:
    """Return a failed test."""
    return Case(report, name, 1.0, "failed", **{"output": "assert 0", **changes})


def test_a_test_that_failed_the_same_on_each_python_is_there_once() -> None:
    """What differs is there for each, with the reports in which it was said."""
    data = PageData(
        tests=[
            failed(report="tests/3.11", printed="hello"),
            failed(report="tests/3.12", printed="hello"),
            failed(report="tests/3.13", output="another", printed="hello"),
        ]
    )

    (row,) = page_rows.failures(data)

    assert row.reports == ("tests/3.11", "tests/3.12", "tests/3.13")
    assert [(said.title, said.text, said.reports) for said in row.texts] == [
        ("", "assert 0", ("tests/3.11", "tests/3.12")),
        ("Captured output", "hello", ()),
        ("", "another", ("tests/3.13",)),
    ]


def test_a_long_text_has_its_start_and_its_end() -> None:
    """And the page says where all of it is."""
    text = "begin" + "x" * (page_rows.TEXT * 2) + "end"

    (row,) = page_rows.failures(PageData(tests=[failed(output=text)]))

    shown = row.texts[0].text
    assert shown.startswith("begin") and shown.endswith("end")
    assert "20008 characters more are in reports/junit/tests/3.12.xml" in shown
    assert len(shown) < page_rows.TEXT + 100


def test_a_thousand_long_failures_are_bounded_together() -> None:
    """Each is named; from some on only its file is."""
    cases = [failed(f"t::a{n}", output="y" * page_rows.TEXT) for n in range(1000)]

    rows = page_rows.failures(PageData(tests=cases))

    assert len(rows) == 1000
    assert sum(row.is_open for row in rows) == page_rows.OPEN
    assert sum(len(said.text) for row in rows for said in row.texts) < page_rows.TEXTS + 100_000
    assert rows[-1].texts[0].text == "… 20000 characters are in reports/junit/tests/3.12.xml"


@pytest.mark.parametrize(
    ("xml", "printed", "logged"),
    [
        ("<system-out>a</system-out><system-err>b</system-err>", "a", "b"),
        ("<system-out>a</system-out><system-out>c</system-out>", "a\nc", ""),
        ("<system-out/>", "", ""),
    ],
)
def test_what_a_failed_test_wrote_is_read(xml: str, printed: str, logged: str) -> None:
    """As pytest writes it; of a test that passed nothing is kept."""
    text = f'<testsuite><testcase name="a"><failure/>{xml}</testcase></testsuite>'
    (case,) = junit_reader.read_cases(text, "r")
    (other,) = junit_reader.read_cases(text.replace("<failure/>", ""), "r")

    assert (case.printed, case.logged) == (printed, logged)
    assert (other.printed, other.logged) == ("", "")


def test_half_a_character_breaks_no_page() -> None:
    """JSON may hold one half of a pair of surrogates, which is no UTF-8."""
    from towpath.pipeline.runs import as_bytes

    document = {**composed(*FULL), "branch": "\ud83d"}

    assert b"\\ud83d" in as_bytes(page.render(document, PageData(), Links()))


def test_the_head_says_what_stopped_the_run() -> None:
    """The stage with its gates, or with the first line of why; nothing of a run that passed."""
    why = GateFailedError("no")
    stopped = StageResult("tests", Status.FAILED, 1, reason="\n first \nsecond", error=why)
    rule = {"stage": "tests", "gate": "COVERAGE", "status": "failed"}
    fine = {"stage": "tests", "gate": "TESTS_RUN", "status": "passed"}

    (row,) = page_summary.stopped(composed(FULL[0], stopped), [rule, fine])

    assert (row.name, row.status, row.why, row.gates) == ("test", "failed", "first", (rule,))
    assert page_summary.stopped(composed(*FULL), [rule]) == []


def test_the_figures_are_of_what_was_measured() -> None:
    """A rollback after the monitoring is said; what is unknown has no figure."""
    found = {row.label: row for row in page_summary.figures(composed(*FULL), PageData())}
    assert {name: row.value for name, row in found.items()} == {
        "Tests": "14",
        "Coverage": "97.5 %",
        "Image": "61 MB",
        "Deployed to": "staging",
    }
    back = {"environment": "staging", "rolled_back": "1.2.2"}
    rows = [*FULL, StageResult("monitor", Status.FAILED, 1, back, reason="slow")]
    found = {row.label: row for row in page_summary.figures(composed(*rows), PageData())}
    assert found["Deployed to"].note == "rolled back to 1.2.2"
    assert page_summary.figures(composed(), PageData()) == []
