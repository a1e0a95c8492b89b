"""What the tests of all Pythons measured: summed where all can be read, never where one cannot."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import Answer, outcome
from tests.unit.checks.checked import (
    BAD_XML,
    GOOD_XML,
    PYTHON,
    calls,
    evidence,
    project,
    pytest_that,
    said,
    workspace_of,
)
from towpath.checks import records
from towpath.checks.by_name import judge_check
from towpath.checks.tests import tests as testing
from towpath.config.checking import SuiteSettings
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    GateFailedError,
    NothingToJudgeError,
)
from towpath.core.runner import Outcome
from towpath.gates import Status


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project."""
    return project(tmp_path)


def coverage_that(
    root: Path, percent: float, files: dict[str, object] | None = None
) -> dict[str, Answer]:
    """Return a coverage whose report says this percentage, of these files."""

    def report(argv: tuple[str, ...]) -> Outcome:
        totals = {"percent_covered": percent, "num_statements": 10, "covered_lines": 9}
        document = {"meta": {"branch_coverage": True}, "totals": totals, "files": files or {}}
        (root / "reports" / "coverage.json").write_text(json.dumps(document))
        return outcome()

    return {"coverage combine": "", "coverage json": report, "coverage xml": "", "html": ""}


def judged_tests(workspace: Workspace) -> None:
    """Run the tests on this Python, whatever they say, and judge them."""
    records.begin(workspace, "tests")
    try:
        testing.tests(workspace)
    except CommandFailedError:
        assert "-m pytest" in " ".join(calls(workspace))
    testing.coverage(workspace)


def test_tests_that_pass_on_one_python_name_the_missing_ones(root: Path) -> None:
    """The evidence says which Pythons have shown it."""
    workspace = workspace_of(root, {"-m pytest": pytest_that(GOOD_XML)} | coverage_that(root, 80.5))

    judged_tests(workspace)

    found = evidence(workspace, "tests")
    others = [python for python in ("3.11", "3.12", "3.13") if python != PYTHON]
    assert found.status is Status.PASSED
    assert found.facts == {
        "tests_run": 1,
        "tests_passed": 1,
        "tests_failed": 0,
        "tests_skipped": 0,
        "coverage": 80.5,
        "coverage_lines": 90.0,
        "seeds": {PYTHON: records.read_record(workspace.config, "tests", PYTHON).seed},
        "pythons": [PYTHON],
        "missing": others,
        "deselected": [],
    }
    assert set(found.artifacts) == {f"reports/junit/tests/{PYTHON}.xml", "reports/coverage.json"}
    assert f"Python {others[0]} is supported but not installed" in said(workspace)


@pytest.mark.parametrize(
    ("run", "percent", "status"),
    [
        (pytest_that(BAD_XML, 1), 90, "failed"),
        (pytest_that(GOOD_XML), 79.9, "failed"),
        (pytest_that(GOOD_XML), 79.96, "failed"),
        (pytest_that('<testsuite tests="0" failures="0" errors="0"/>', 5), 90, "failed"),
        (pytest_that("", 4), 90, "errored"),
        (pytest_that("", 0), 90, "errored"),
        (pytest_that(GOOD_XML[:40], 0), 90, "errored"),
        (pytest_that(GOOD_XML, 1), 90, "errored"),
        (pytest_that(GOOD_XML, 3), 90, "errored"),
        (pytest_that(BAD_XML, 0), 90, "errored"),
        (pytest_that(GOOD_XML), float("nan"), "errored"),
    ],
)
def test_tests_that_did_not_pass_are_no_pass(
    root: Path, run: Callable[[tuple[str, ...]], Outcome], percent: float, status: str
) -> None:
    """A failure, too little coverage and an empty run fail; a report that lies is errored."""
    workspace = workspace_of(root, {"-m pytest": run} | coverage_that(root, percent))

    with pytest.raises((GateFailedError, NothingToJudgeError)):
        judged_tests(workspace)

    assert evidence(workspace, "tests").status == status


def test_a_failure_on_one_python_is_not_hidden_by_a_crash_on_another(root: Path) -> None:
    """What failed stays failed, though the sums are unknown."""
    workspace = workspace_of(root, {"-m pytest": pytest_that(BAD_XML, 1)} | coverage_that(root, 90))
    records.begin(workspace, "tests")
    with pytest.raises(CommandFailedError):
        testing.tests(workspace)
    crashed = records.read_record(workspace.config, "tests", PYTHON)
    records.write_record(
        workspace.config, "tests", records.ToolRecord("3.99", "1", 1.0, crashed.ran)
    )

    with pytest.raises(GateFailedError):
        testing.coverage(workspace)

    assert evidence(workspace, "tests").facts["tests_failed"] == 1
    assert "tests_run" not in evidence(workspace, "tests").facts


def test_what_an_earlier_run_left_does_not_count(root: Path) -> None:
    """The second run begins with nothing: no report, no coverage, no Python."""
    workspace = workspace_of(root, {"-m pytest": pytest_that(GOOD_XML)} | coverage_that(root, 90))
    judged_tests(workspace)

    records.begin(workspace, "tests")

    assert records.names(workspace.config, "tests") == []
    with pytest.raises(NothingToJudgeError, match="no coverage data"):
        testing.coverage(workspace)
    with pytest.raises(NothingToJudgeError):
        judge_check(workspace, "tests")


@pytest.mark.parametrize("changed", [False, True])
def test_the_coverage_of_the_integration_tests_counts(root: Path, changed: bool) -> None:
    """It joins that of the others, unless it is of other files; then that is said."""
    workspace = workspace_of(root, {"-m pytest": pytest_that(GOOD_XML)} | coverage_that(root, 90))
    records.begin(workspace, "integration")
    data = records.coverage_data(workspace.config, "integration")
    data.mkdir(parents=True)
    (data / "data-integration").touch()
    if changed:
        answers = workspace.runner.answers  # type: ignore[attr-defined]
        answers["ls-tree"] = "100644 blob 9\tapp/a.py\0"

    judged_tests(workspace)

    (combine,) = [line for line in calls(workspace) if "coverage combine" in line]
    assert "tests/data-x" in combine
    assert ("integration/data-integration" in combine) is not changed
    assert ("Ignoring the coverage of the integration tests" in said(workspace)) is changed


@pytest.mark.parametrize("code", [0, 1])
def test_a_part_of_the_tests_has_no_verdict(root: Path, code: int) -> None:
    """`-- -k x` goes to pytest; nothing is kept that a gate could judge."""
    workspace = workspace_of(root, {"-m pytest": outcome(code=code)})

    if code:
        with pytest.raises(CommandFailedError, match="failed"):
            testing.tests(workspace, ["-k", "x"])
    else:
        testing.tests(workspace, ["-k", "x"])

    assert re.search(r"-m pytest .*--randomly-seed=\d+ -k x$", calls(workspace)[-1])
    assert records.names(workspace.config, "tests") == []
    assert "no verdict" in said(workspace)


def test_coverage_without_a_run_of_the_tests_is_nothing_to_judge(root: Path) -> None:
    """The message says what to run."""
    with pytest.raises(NothingToJudgeError) as caught:
        testing.coverage(workspace_of(root, {}))

    assert caught.value.next_step == "Run the check: nox -s tests"


def test_the_order_of_the_tests_is_told_and_kept(root: Path) -> None:
    """The seed that pytest got is in the output, in the record and in the evidence."""
    workspace = workspace_of(root, {"-m pytest": pytest_that(GOOD_XML)} | coverage_that(root, 90))

    judged_tests(workspace)

    (given,) = [
        re.search(r"--randomly-seed=(\d+)", line) for line in calls(workspace) if "xml=" in line
    ]
    assert given
    assert f"--randomly-seed={given[1]}" in said(workspace)
    assert evidence(workspace, "tests").facts["seeds"] == {PYTHON: int(given[1])}


def test_a_given_order_is_taken(root: Path) -> None:
    """Only the seed that was typed is on the line."""
    workspace = workspace_of(root, {"-m pytest": ""})

    testing.tests(workspace, ["--randomly-seed=7"])

    assert re.findall(r"--randomly-seed=\d+", calls(workspace)[-1]) == ["--randomly-seed=7"]


def with_parts(workspace: Workspace) -> Workspace:
    """Return a session of a project that has names for parts of its tests."""
    kind = SuiteSettings(parts={"unit": "tests/unit", "app": "tests/app"})
    return replace(workspace, config=replace(workspace.config, tests=kind))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["unit"], "tests/unit"),
        (["app", "-x", "unit"], "tests/app -x unit"),
        (["-k", "app"], "-k app"),
        (["tests/test_a.py::test_b", "-x"], "tests/test_a.py::test_b -x"),
    ],
)
def test_groups_of_tests_have_short_names(root: Path, arguments: list[str], line: str) -> None:
    """Where they come first; the value of an option stays what it is."""
    workspace = with_parts(workspace_of(root, {"-m pytest": ""}))

    testing.tests(workspace, arguments)

    assert calls(workspace)[-1].endswith(f" {line}")


def test_options_that_pytest_does_not_know_are_a_wrong_setting(root: Path) -> None:
    """What pytest said is quoted."""
    answer = outcome(code=4, stderr="ERROR: unrecognized arguments: --lff")
    workspace = workspace_of(root, {"-m pytest": answer})

    with pytest.raises(ConfigurationError, match="--lff") as caught:
        testing.tests(workspace, ["--lff"])

    assert "unrecognized" in caught.value.why


@pytest.mark.parametrize(
    ("words", "hint"),
    [(["unti"], "Did you mean 'unit'?"), (["unit", "tests/none.py::test_a"], "tests/none.py")],
)
def test_tests_that_are_not_there_are_a_wrong_setting(
    root: Path, words: list[str], hint: str
) -> None:
    """Nothing runs, and the nearest group is named."""
    workspace = with_parts(workspace_of(root, {}))

    with pytest.raises(ConfigurationError) as caught:
        testing.tests(workspace, words)

    assert hint in caught.value.what
    assert calls(workspace) == []


def test_arguments_that_pick_no_test_are_nothing_to_judge(root: Path) -> None:
    """A part without a test has shown nothing."""
    workspace = workspace_of(root, {"-m pytest": outcome(code=5)})

    with pytest.raises(NothingToJudgeError, match="No tests match the arguments: -k nothing"):
        testing.tests(workspace, ["-k", "nothing"])


def test_coverage_takes_no_arguments(root: Path) -> None:
    """It joins all there is."""
    with pytest.raises(ConfigurationError, match="'unit'"):
        testing.coverage(workspace_of(root, {}), ["unit"])


def test_what_the_tests_leave_out_is_in_the_evidence(root: Path) -> None:
    """Tests that did not run, files that were not measured, lines and settings that exclude."""

    def deselecting(argv: tuple[str, ...]) -> Outcome:
        ended = pytest_that(GOOD_XML)(argv)
        (junit,) = [part.split("=", 1)[1] for part in argv if part.startswith("--junit-xml")]
        Path(junit).with_suffix(".deselected.json").write_text('["tests/test_a.py::test_slow"]')
        return ended

    (root / "pytest.ini").write_text("[pytest]\naddopts = -k 'not slow'\n")
    (root / ".coveragerc").write_text("[run]\nomit = app/b.py\n")
    files = {"app/b.py": {"summary": {"excluded_lines": 2}}}
    workspace = workspace_of(root, {"-m pytest": deselecting} | coverage_that(root, 90, files))

    judged_tests(workspace)

    found = evidence(workspace, "tests")
    assert found.status is Status.PASSED
    assert found.facts["excluded"] == {
        f"pytest {PYTHON}": ["tests/test_a.py::test_slow: not run"],
        "pytest": ["pytest.ini: [pytest] addopts = -k 'not slow'"],
        "coverage": [
            ".coveragerc: [run] omit = app/b.py",
            "app/a.py: not measured",
            "app/b.py: lines excluded from coverage: 2",
        ],
    }
    assert "excluded from pytest by the project: pytest.ini" in said(workspace)


@pytest.mark.parametrize("text", ["{", "1"])
def test_a_broken_list_of_tests_gives_no_verdict(root: Path, text: str) -> None:
    """What was left out is not known."""

    def breaking(argv: tuple[str, ...]) -> Outcome:
        ended = pytest_that(GOOD_XML)(argv)
        (junit,) = [part.split("=", 1)[1] for part in argv if part.startswith("--junit-xml")]
        Path(junit).with_suffix(".deselected.json").write_text(text)
        return ended

    workspace = workspace_of(root, {"-m pytest": breaking} | coverage_that(root, 90))

    with pytest.raises(NothingToJudgeError, match="could not be evaluated"):
        judged_tests(workspace)


def test_the_last_words_of_a_run_that_was_ended_are_the_reason(root: Path) -> None:
    """Its report has a test without a name."""
    ended = GOOD_XML.replace("</testsuite>", '<testcase time="0.1"/></testsuite>')

    def exiting(argv: tuple[str, ...]) -> Outcome:
        pytest_that(ended)(argv)
        return outcome("1 passed\n!!! Exit: the database is gone !!!\n", code=3)

    workspace = workspace_of(root, {"-m pytest": exiting} | coverage_that(root, 90))

    with pytest.raises(NothingToJudgeError):
        judged_tests(workspace)

    assert (
        "Last output of pytest: !!! Exit: the database is gone !!!"
        in evidence(workspace, "tests").reason
    )
