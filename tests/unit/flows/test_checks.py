"""The checks from tool to verdict: what a tool did not say is never taken for a yes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes import Answer, outcome
from tests.unit.flows.checked import (
    CLEAN,
    METRICS,
    PYTHON,
    SHELL,
    WEAK,
    calls,
    evidence,
    project,
    said,
    session_of,
    source_of,
)
from towpath.errors import (
    CommandFailedError,
    ConfigurationError,
    GateFailedError,
    NothingToJudgeError,
)
from towpath.flows import checks, judging, records, stages
from towpath.flows.session import Session
from towpath.gates import Status
from towpath.runner import Outcome


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project."""
    return project(tmp_path)


def test_clean_code_passes_lint(root: Path) -> None:
    """Every linter ran on every file of its own, and the statement says so."""
    session = session_of(root, CLEAN)

    checks.lint(session)

    found = evidence(session, "lint")
    assert found.status is Status.PASSED
    assert found.facts == {
        "issues": 0,
        "complexity": 4,
        **dict.fromkeys(("black", "isort", "flake8", "mypy", "bandit"), 0),
    }
    assert set(found.tools) == {"bandit", "black", "flake8", "isort", "mypy", "radon"}
    assert found.inputs == stages.check_inputs(session.config, source_of(session), "lint")
    ran = {line.split(" -m ")[1] for line in calls(session) if " -m " in line}
    assert "mypy --strict --no-pretty --no-color-output app/a.py" in ran
    assert "black --check --no-color app/a.py tests/test_a.py" in ran
    assert "radon" in said(session) and "measured" in said(session)


def test_shell_true_stops_at_lint(root: Path) -> None:
    """The finding is named with its file and line, and annotated in GitHub."""
    session = session_of(root, CLEAN | {"-m bandit": SHELL}, {"GITHUB_ACTIONS": "true"})

    with pytest.raises(GateFailedError):
        checks.lint(session)

    assert evidence(session, "lint").facts["issues"] == 1
    assert "app/a.py:1: B602 shell=True" in said(session)
    assert "::error file=app/a.py,line=1::B602 shell=True" in said(session)


@pytest.mark.parametrize("tool", CLEAN)
@pytest.mark.parametrize("broken", [outcome(code=1, stderr="No module named x"), outcome()])
def test_a_linter_that_did_not_judge_leaves_lint_without_a_verdict(
    root: Path, tool: str, broken: Outcome
) -> None:
    """All others ran and were clean; that is not enough."""
    session = session_of(root, CLEAN | {tool: broken})

    with pytest.raises(NothingToJudgeError):
        checks.lint(session)

    found = evidence(session, "lint")
    assert found.status is Status.ERRORED
    assert tool.removeprefix("-m ") in found.reason
    assert all(key in " ".join(calls(session)) for key in CLEAN)


def test_a_linter_that_cannot_start_is_errored_too(root: Path) -> None:
    """The runner's error does not end the other linters."""

    def missing(argv: tuple[str, ...]) -> Outcome:
        raise CommandFailedError("mypy is not installed or not on PATH.")

    session = session_of(root, CLEAN | {"-m mypy": missing})

    with pytest.raises(NothingToJudgeError) as caught:
        checks.lint(session)

    assert "mypy is not installed" in caught.value.why


def test_a_failure_is_not_hidden_by_a_tool_that_broke(root: Path) -> None:
    """A no stays a no, and the reason names both."""
    session = session_of(root, CLEAN | {"-m bandit": SHELL, "-m mypy": outcome(code=2)})

    with pytest.raises(GateFailedError):
        checks.lint(session)

    assert evidence(session, "lint").status is Status.FAILED
    assert "mypy gave no verdict" in evidence(session, "lint").reason


def test_many_findings_are_told_in_short(root: Path) -> None:
    """Twenty, and how many more."""
    document = {"errors": [], "metrics": METRICS, "results": [WEAK] * 25}
    session = session_of(root, CLEAN | {"-m bandit": outcome(json.dumps(document), code=1)})

    with pytest.raises(GateFailedError):
        checks.lint(session)

    assert said(session).count("B602") == 20
    assert "and 5 more" in said(session)


def test_files_that_change_during_a_check_leave_no_verdict(root: Path) -> None:
    """What was judged is not what is there now."""
    trees = iter(["t", "u", "u", "u"])

    def tree(argv: tuple[str, ...]) -> Outcome:
        return outcome(f"{next(trees) * 40}\n")

    session = session_of(root, CLEAN | {"write-tree": tree})

    with pytest.raises(NothingToJudgeError) as caught:
        checks.lint(session)

    assert "changed since the check began" in caught.value.why


def test_no_python_file_at_all_is_no_pass(root: Path) -> None:
    """A pattern that matches nothing has checked nothing."""
    session = session_of(root, CLEAN | {"ls-files": ""})

    with pytest.raises(NothingToJudgeError):
        checks.lint(session)

    assert evidence(session, "lint").status is Status.ERRORED


CASE = '<testcase classname="m" name="a">{}</testcase>'
GOOD_XML = f'<testsuite tests="1" failures="0" errors="0">{CASE.format("")}</testsuite>'
BAD_XML = f'<testsuite tests="1" failures="1" errors="0">{CASE.format("<failure/>")}</testsuite>'


def pytest_that(report: str, code: int = 0) -> Callable[[tuple[str, ...]], Outcome]:
    """Return a pytest that writes this report and ends with this code."""

    def run(argv: tuple[str, ...]) -> Outcome:
        (junit,) = [part.split("=", 1)[1] for part in argv if part.startswith("--junit-xml")]
        Path(junit).parent.mkdir(parents=True, exist_ok=True)
        if report:
            Path(junit).write_text(report)
        (Path(junit).parents[2] / "coverage" / Path(junit).parent.name / "data-x").touch()
        return outcome(code=code)

    return run


def coverage_that(root: Path, percent: float) -> dict[str, Answer]:
    """Return a coverage whose report says this percentage."""

    def report(argv: tuple[str, ...]) -> Outcome:
        totals = {"totals": {"percent_covered": percent, "num_statements": 10}}
        (root / "reports" / "coverage.json").write_text(json.dumps(totals))
        return outcome()

    return {"coverage combine": "", "coverage json": report, "coverage xml": "", "html": ""}


def judged_tests(session: Session) -> None:
    """Run the tests on this Python, whatever they say, and judge them."""
    records.begin(session, "tests")
    try:
        checks.tests(session)
    except CommandFailedError:
        assert "-m pytest" in " ".join(calls(session))
    checks.coverage(session)


def test_tests_that_pass_on_one_python_name_the_missing_ones(root: Path) -> None:
    """The evidence says which Pythons have shown it."""
    session = session_of(root, {"-m pytest": pytest_that(GOOD_XML)} | coverage_that(root, 80.5))

    judged_tests(session)

    found = evidence(session, "tests")
    others = [python for python in ("3.11", "3.12", "3.13") if python != PYTHON]
    assert found.status is Status.PASSED
    assert found.facts == {
        "tests_run": 1,
        "tests_passed": 1,
        "tests_failed": 0,
        "tests_skipped": 0,
        "coverage": 80.5,
        "pythons": [PYTHON],
        "missing": others,
    }
    assert set(found.artifacts) == {f"reports/junit/tests/{PYTHON}.xml", "reports/coverage.json"}
    assert f"Python {others[0]} is supported and was not found" in said(session)


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
    session = session_of(root, {"-m pytest": run} | coverage_that(root, percent))

    with pytest.raises((GateFailedError, NothingToJudgeError)):
        judged_tests(session)

    assert evidence(session, "tests").status == status


def test_a_failure_on_one_python_is_not_hidden_by_a_crash_on_another(root: Path) -> None:
    """What failed stays failed, though the sums are unknown."""
    session = session_of(root, {"-m pytest": pytest_that(BAD_XML, 1)} | coverage_that(root, 90))
    records.begin(session, "tests")
    with pytest.raises(CommandFailedError):
        checks.tests(session)
    crashed = records.read(session.config, "tests", PYTHON)
    records.write(session.config, "tests", records.Record("3.99", "1", 1.0, crashed.ran))

    with pytest.raises(GateFailedError):
        checks.coverage(session)

    assert evidence(session, "tests").facts["tests_failed"] == 1
    assert "tests_run" not in evidence(session, "tests").facts


def test_what_an_earlier_run_left_does_not_count(root: Path) -> None:
    """The second run begins with nothing: no report, no coverage, no Python."""
    session = session_of(root, {"-m pytest": pytest_that(GOOD_XML)} | coverage_that(root, 90))
    judged_tests(session)

    records.begin(session, "tests")

    assert records.names(session.config, "tests") == []
    with pytest.raises(NothingToJudgeError, match="no coverage data"):
        checks.coverage(session)
    with pytest.raises(NothingToJudgeError):
        judging.judge(session, "tests")


def test_the_coverage_of_the_integration_tests_counts(root: Path) -> None:
    """Data of both is joined."""
    session = session_of(root, {"-m pytest": pytest_that(GOOD_XML)} | coverage_that(root, 90))
    data = records.coverage_data(session.config, "integration")
    data.mkdir(parents=True)
    (data / "data-integration").touch()

    judged_tests(session)

    (combine,) = [line for line in calls(session) if "coverage combine" in line]
    assert "tests/data-x" in combine and "integration/data-integration" in combine


@pytest.mark.parametrize("code", [0, 1])
def test_a_part_of_the_tests_has_no_verdict(root: Path, code: int) -> None:
    """`-- -k x` goes to pytest; nothing is kept that a gate could judge."""
    session = session_of(root, {"-m pytest": outcome(code=code)})

    if code:
        with pytest.raises(CommandFailedError, match="did not pass"):
            checks.tests(session, ["-k", "x"])
    else:
        checks.tests(session, ["-k", "x"])

    assert calls(session)[-1].endswith("-m pytest --numprocesses=auto -k x")
    assert records.names(session.config, "tests") == []
    assert "no verdict" in said(session)


def test_coverage_without_a_run_of_the_tests_is_nothing_to_judge(root: Path) -> None:
    """The message says what to run."""
    with pytest.raises(NothingToJudgeError) as caught:
        checks.coverage(session_of(root, {}))

    assert caught.value.next_step == "Run the check: nox -s tests"


SAFE = json.dumps(
    {
        "scanned_packages": {"django": {"name": "django", "version": "5.2.1"}},
        "vulnerabilities": [],
        "ignored_vulnerabilities": [],
    }
)
UNREACHABLE: dict[str, Answer] = {
    "-m uv": "",
    "-m safety": outcome(code=68, stderr="unable to reach the server"),
    "-m pip_audit": json.dumps({"dependencies": [{"name": "django", "skip_reason": "no answer"}]}),
}


def made_environments(root: Path) -> None:
    """Make the directories that `uv venv` would make."""
    for tool in ("safety", "pip-audit"):
        (root / ".nox" / tool).mkdir(parents=True)


def test_code_and_dependencies_without_a_finding_pass(root: Path) -> None:
    """The evidence names the source."""
    made_environments(root)
    session = session_of(root, CLEAN | UNREACHABLE | {"-m safety": SAFE})

    checks.security(session)

    found = evidence(session, "security")
    assert found.status is Status.PASSED
    assert found.facts["source"] == "safety, its server"
    assert found.facts["advisories_high"] == found.facts["code_high"] == 0


def test_a_high_finding_in_our_code_fails(root: Path) -> None:
    """Whatever the advisories say."""
    made_environments(root)
    session = session_of(root, CLEAN | UNREACHABLE | {"-m bandit": SHELL})

    with pytest.raises(GateFailedError):
        checks.security(session)

    assert evidence(session, "security").facts["code_high"] == 1


def test_advisories_that_nobody_could_be_asked_for_are_errored(root: Path) -> None:
    """Our code was judged, and passed; the reason names both sources."""
    made_environments(root)
    session = session_of(root, CLEAN | UNREACHABLE)

    with pytest.raises(NothingToJudgeError):
        checks.security(session)

    found = evidence(session, "security")
    status = {row["gate"]: row["status"] for row in found.verdicts}
    assert status == {
        "CODE_CRITICAL": "passed",
        "CODE_HIGH": "passed",
        "ADVISORIES_CRITICAL": "errored",
        "ADVISORIES_HIGH": "errored",
    }
    assert "unable to reach the server" in found.reason
    assert "no answer" in found.reason


def test_a_product_without_pins_is_a_mistake_of_configuration(root: Path) -> None:
    """The message says how to compile them."""
    (root / "requirements/production.txt").unlink()

    with pytest.raises(ConfigurationError, match="no requirements/production.txt"):
        checks.security(session_of(root, CLEAN))


def test_the_app_finds_services_by_these_variables(tmp_path: Path) -> None:
    """Passwords come from files."""
    found = checks.service_variables(
        {"database": "10.0.0.1", "cache": "10.0.0.2", "queue": "10.0.0.3"}, tmp_path
    )

    assert found["DATABASE_HOST"] == "10.0.0.1"
    assert found["CACHE_HOSTS"] == "10.0.0.2:11211"
    assert found["QUEUE_PASSWORD_FILE"] == str(tmp_path / "queue_password")
    assert not any(key.endswith("_PASSWORD") for key in found)


def test_the_version_of_a_package_that_is_not_there_is_missing() -> None:
    """It does not end the check; its gate will."""
    assert checks.version("no-such-package-here") == "missing"
    assert checks.version("pytest")[0].isdigit()
