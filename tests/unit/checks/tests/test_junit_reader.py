"""JUnit reports: counted by name, refused where they do not add up."""

from __future__ import annotations

import pytest

from towpath.checks.tests import junit_reader as junit
from towpath.core.errors import NothingToJudgeError

CASE = '<testcase classname="m" name="{}">{}</testcase>'
BAD = "<failure/>"


def suite(*cases: str, tests: int | None = None, failures: int = 0, errors: int = 0) -> str:
    """Return a report of one suite."""
    count = len(cases) if tests is None else tests
    head = f'<testsuite tests="{count}" failures="{failures}" errors="{errors}" skipped="0">'
    return f"<testsuites>{head}{''.join(cases)}</testsuite></testsuites>"


def test_what_ran_failed_and_was_skipped_is_counted() -> None:
    """A skipped test did not run; a test in error failed."""
    found = junit.read_junit(
        suite(
            CASE.format("a", ""),
            CASE.format("b", BAD),
            CASE.format("c", "<error/>"),
            CASE.format("d", "<skipped/>"),
            failures=1,
            errors=1,
        ),
        "r.xml",
    )

    assert (found.run, found.passed, found.failed, found.skipped) == (3, 1, 2, 1)
    assert found.names == ("m::b", "m::c")


def test_a_test_that_fails_twice_failed_once() -> None:
    """Pytest names a test again when its teardown fails too, in either order."""
    twice = suite(CASE.format("a", BAD), CASE.format("a", "<error/>"), failures=1, errors=1)
    after = suite(CASE.format("a", "<error/>"), CASE.format("a", ""), errors=1)

    assert junit.read_junit(twice, "r.xml") == junit.Tests(1, 1, 0, ("m::a",))
    assert junit.read_junit(after, "r.xml") == junit.Tests(1, 1, 0, ("m::a",))


def test_a_report_of_no_test_is_read_as_such() -> None:
    """That nothing ran is for the gate to refuse."""
    assert junit.read_junit(suite(), "r.xml") == junit.Tests(0, 0, 0)


def test_a_bare_suite_is_a_report_too() -> None:
    """Other tools write no outer element."""
    text = suite(CASE.format("a", "")).removeprefix("<testsuites>").removesuffix("</testsuites>")

    assert junit.read_junit(text, "r.xml") == junit.Tests(1, 0, 0)


def test_reports_are_summed() -> None:
    """The sum of several Pythons."""
    rows = [junit.Tests(3, 1, 1, ("a",)), junit.Tests(4, 0, 0)]

    assert junit.total(rows) == junit.Tests(7, 1, 1, ("a",))
    assert junit.total(rows).passed == 6


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<testsuites>",
        "<html/>",
        "<testsuites/>",
        '<testsuites><testsuite tests="1"/></testsuites>',
        suite(tests=2),
        suite(CASE.format("a", ""), tests=0),
        suite(CASE.format("a", ""), failures=1),
        suite(CASE.format("a", BAD)),
        suite('<testcase name="a"/>'),
        suite(CASE.format("a", "")).replace('tests="1"', 'tests="one"'),
    ],
)
def test_a_report_that_is_none_gives_no_verdict(text: str) -> None:
    """Empty, half, something else, or sums that the names do not bear out."""
    with pytest.raises(NothingToJudgeError) as caught:
        junit.read_junit(text, "r.xml")

    assert "r.xml" in caught.value.what
    assert caught.value.why


ENDED = (
    '<testsuites><testsuite errors="0" failures="0" skipped="0" tests="1">'
    '<testcase classname="m" name="a"/><testcase time="0.006"/></testsuite></testsuites>'
)


def test_the_report_of_a_run_that_was_ended_gives_no_verdict() -> None:
    """Its last test has no name; pytest's own last line says why it was ended."""
    exit_line = "!!!! _pytest.outcomes.Exit: the database is gone !!!!"
    with pytest.raises(NothingToJudgeError) as caught:
        junit.read_junit(ENDED, "r.xml", exit_line)

    assert caught.value.what == "r.xml is from an aborted run: one of its tests has no name."
    assert caught.value.why == f"Last output of pytest: {exit_line}"


def test_a_run_that_was_ended_without_a_word_is_named_too() -> None:
    """As when the machine killed it."""
    with pytest.raises(NothingToJudgeError, match="pytest wrote no output"):
        junit.read_junit(ENDED, "r.xml")
