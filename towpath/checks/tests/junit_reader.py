"""Read the counts of a JUnit XML report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from towpath.checks import xml_documents as elements
from towpath.checks.xml_documents import Element
from towpath.core.errors import NothingToJudgeError

AGAIN = "Run the tests again and check their output."


@dataclass(frozen=True)
class Tests:
    """Counts of one or more reports; `failed` includes errors. `names` are the failed tests."""

    run: int
    failed: int
    skipped: int
    names: tuple[str, ...] = ()

    @property
    def passed(self) -> int:
        """How many tests ran and did not fail."""
        return self.run - self.failed


def read_junit(text: str, source: str, last_line: str = "") -> Tests:
    """Return the counts of a report; a skipped test did not run.

    `source` names the report in errors; `last_line` is that of pytest's output, for the reason.
    Raises NothingToJudgeError if the document is empty, malformed or not JUnit, if its counts do
    not match its test cases, or if the run was aborted (its last test has no name).
    """
    try:
        root = elements.parse_xml(text)
        suites = [root] if root.tag == "testsuite" else root.findall("testsuite")
        if not suites:
            raise ValueError("it has no test suite")
        if any("name" not in case.attrib for case in root.iter("testcase")):
            raise _ended(source, last_line)
        return total(_suite(suite) for suite in suites)
    except (KeyError, ValueError) as error:
        seen = (
            f"An element lacks the attribute {error}."
            if isinstance(error, KeyError)
            else str(error)
        )
        raise NothingToJudgeError(
            f"{source} is not a valid JUnit report.",
            why=seen if text.strip() else "It is empty: pytest ended before any test ran.",
            next_step=AGAIN,
        ) from error


def _ended(source: str, last_line: str) -> NothingToJudgeError:
    """Return the error of a report whose last test did not end."""
    return NothingToJudgeError(
        f"{source} is from an aborted run: one of its tests has no name.",
        why=f"Last output of pytest: {last_line}" if last_line else "pytest wrote no output.",
        next_step=AGAIN,
    )


@dataclass(frozen=True)
class Case:
    """One test of a report: `seconds` it took, passed, failed or skipped, and what it said then.

    `printed` and `logged` are what a test that did not pass wrote to standard output and to
    standard error.
    """

    report: str
    name: str
    seconds: float
    outcome: str
    output: str = ""
    printed: str = ""
    logged: str = ""


def read_cases(text: str, report: str) -> list[Case]:
    """Return the tests of a report, in its order; raises ValueError for what is no JUnit.

    `output` is the text of a failure, an error or a skip. Times that are no number are 0.
    """
    return [_case(case, report) for case in elements.parse_xml(text).iter("testcase")]


def _case(case: Element, report: str) -> Case:
    marks = [child for child in case if child.tag in {"failure", "error", "skipped"}]
    said = "\n".join(f"{row.get('message', '')}\n{row.text or ''}".strip() for row in marks)
    name = "::".join(filter(None, (case.get("classname", ""), case.get("name", ""))))
    try:
        seconds = max(0.0, float(case.get("time", "0")))
    except ValueError:
        seconds = 0.0
    outcome = _outcome(case)
    if outcome != "failed":
        return Case(report, name, seconds, outcome, said)
    printed, logged = (_texts(case, tag) for tag in ("system-out", "system-err"))
    return Case(report, name, seconds, outcome, said, printed, logged)


def _texts(case: Element, tag: str) -> str:
    return "\n".join(filter(None, (child.text for child in case.findall(tag)))).strip("\n")


def total(reports: Iterable[Tests]) -> Tests:
    """Return the sum of several reports."""
    rows = list(reports)
    return Tests(
        sum(row.run for row in rows),
        sum(row.failed for row in rows),
        sum(row.skipped for row in rows),
        tuple(name for row in rows for name in row.names),
    )


def _suite(suite: Element) -> Tests:
    """Count by names: pytest's own totals count a test that fails in its teardown twice."""
    tests, failures, errors = (int(suite.attrib[key]) for key in ("tests", "failures", "errors"))
    outcomes: dict[str, str] = {}
    for case in suite.iter("testcase"):
        name, outcome = f"{case.attrib['classname']}::{case.attrib['name']}", _outcome(case)
        if outcomes.get(name) != "failed":
            outcomes[name] = outcome
    failed = tuple(name for name, outcome in outcomes.items() if outcome == "failed")
    if bool(tests) != bool(outcomes) or bool(failures + errors) != bool(failed):
        raise ValueError(
            f"it counts {tests} tests with {failures + errors} failures, but lists"
            f" {len(outcomes)} tests "
            f"with {len(failed)} failures"
        )
    skipped = sum(outcome == "skipped" for outcome in outcomes.values())
    return Tests(len(outcomes) - skipped, len(failed), skipped, failed)


def _outcome(case: Element) -> str:
    marks = {child.tag for child in case}
    if marks & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in marks else "passed"
