"""The truth table: for each tool and each gate, what passes, what fails, and what is no verdict.

Every case goes through the records, readers and gates of production. What the tools say is real,
see tests/fixtures/said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal, outcome
from tests.unit.checks import test_benchmark_reader as benchmarks
from tests.unit.checks.checked import CLEAN, NO_SECRETS, PYTHON, project, workspace_of
from tests.unit.pipeline import test_truth_delivery as delivery
from tests.unit.test_gates import EDGES
from towpath.checks import records
from towpath.checks.by_name import judge_check
from towpath.checks.lint import output as rows
from towpath.checks.lint.linters_commands import LINTERS
from towpath.checks.performance import baseline
from towpath.checks.records import ToolRecord
from towpath.checks.security import security
from towpath.config.checking import LintSettings
from towpath.config.workspace import Workspace
from towpath.core.errors import GateFailedError, NothingToJudgeError
from towpath.core.findings import ToolResult
from towpath.core.runner import Outcome
from towpath.evidence import record as stages
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.evidence.statement import Statement
from towpath.gates import Status, known

SAID = Path(__file__).parents[2] / "fixtures/said"
TRACE = 'Traceback (most recent call last):\n  File "x.py", line 1\nRuntimeError: it broke\n'

Cells = dict[str, tuple[ToolResult, Status]]


@cache
def said(tool: str) -> dict[str, ToolResult]:
    """Return what a tool really wrote, by kind of project."""
    document = json.loads((SAID / f"{tool}.json").read_text())
    return {kind: ToolResult(**ended) for kind, ended in document.items()}


def half(ran: ToolResult) -> ToolResult:
    """Return the same end with half of the words."""
    out, err = (text[: len(text) // 2] for text in (ran.stdout, ran.stderr))
    return replace(ran, stdout=out, stderr=err)


def cells(tool: str) -> Cells:
    """Return a row of the table: each case, and the only status that is right."""
    real = said(tool)
    good, bad, files = real["good"], real["bad"], real["good"].files
    errored = {
        "missing module": ToolResult(1, "", f"/v/bin/python: No module named {tool}", files),
        "missing program": ToolResult(-1, "", f"{tool} is not installed or not on PATH.", files),
        "crashing": ToolResult(1, "", TRACE, files),
        "killed": replace(good, code=-9),
        "another exit code": replace(good, code=70),
        "empty output": ToolResult(0, "", "", files),
        "empty output that says no": ToolResult(1, "", "", files),
        "no file given": replace(good, files=0),
        "no file judged": replace(real["nothing"], files=files),
        "half of a good document": half(good),
        "half of a bad document": half(bad),
    }
    return {
        "good": (good, Status.PASSED),
        "bad": (bad, Status.FAILED),
        **{name: (ran, Status.ERRORED) for name, ran in errored.items()},
    }


NAMES = [tool.name for tool in LINTERS]
# Radon names no file in which there is no function: its files cannot be counted.
UNCOUNTED = {"radon"}
LINT = [(name, case) for name in NAMES for case in cells(name)]


class NoTables(QuietTerminal):
    """A terminal that draws no table: what is shown is the point of other tests."""

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Draw nothing."""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return the session of a small project in which nothing ran yet, and no kind is absent."""
    found = workspace_of(project(tmp_path), {})
    # Some linters judge only where a file asks for them.
    for tool in LINTERS:
        if tool.only_with:
            file = tmp_path / tool.only_with[0].replace("*", "lint")
            file.parent.mkdir(exist_ok=True)
            file.touch()
    every = LintSettings(tuple(NAMES))
    return replace(found, config=replace(found.config, absent=(), lint=every), terminal=NoTables())


def judged(workspace: Workspace, stage: str) -> Statement:
    """Judge what is on record, as a session does, and return the statement."""
    try:
        return judge_check(workspace, stage)
    except (GateFailedError, NothingToJudgeError):
        return stages.require(workspace.config, stage)


def lint(workspace: Workspace, tool: str, ran: ToolResult) -> Status:
    """Judge lint with what one tool said, where all others found nothing."""
    records.begin(workspace, "lint")
    for name in NAMES:
        ended = ran if name == tool else said(name)["good"]
        records.write_record(workspace.config, "lint", ToolRecord(name, "1", 0.1, ended))
    return judged(workspace, "lint").status


@pytest.mark.parametrize(("tool", "case"), LINT)
def test_lint_says_of_each_linter_what_is_true(workspace: Workspace, tool: str, case: str) -> None:
    """Passed for good code, failed for bad code, errored for anything that is no verdict."""
    ran, wanted = cells(tool)[case]

    assert lint(workspace, tool, ran) is wanted


@pytest.mark.parametrize("tool", [name for name in NAMES if name not in UNCOUNTED])
def test_a_linter_that_passes_over_a_file_is_errored(workspace: Workspace, tool: str) -> None:
    """However good the others are."""
    good = said(tool)["good"]

    assert lint(workspace, tool, replace(good, files=good.files + 1)) is Status.ERRORED


@pytest.mark.parametrize("tool", NAMES)
def test_a_linter_without_a_record_is_errored(workspace: Workspace, tool: str) -> None:
    """It may have been left out by somebody."""
    lint(workspace, tool, said(tool)["good"])
    (records.folder(workspace.config, "lint") / f"{tool}.json").unlink()

    assert judged(workspace, "lint").status is Status.ERRORED


def run_of(case: str) -> tuple[ToolResult, Status]:
    """Return a run of pytest; that no test ran is a failure by a gate of its own."""
    ran, wanted = cells("pytest")[case]
    return ran, Status.FAILED if case == "no file judged" else wanted


# Pytest is given no files: it finds its tests itself.
RUNS = [case for case in cells("pytest") if case != "no file given"]


@pytest.mark.parametrize("stage", ["tests", "integration"])
@pytest.mark.parametrize("case", RUNS)
def test_a_run_of_tests_says_what_is_true(workspace: Workspace, stage: str, case: str) -> None:
    """Its JUnit report and its exit code together."""
    ran, wanted = run_of(case)
    records.begin(workspace, stage)
    keep_run(workspace, stage, ran)
    keep_coverage(workspace, said("coverage")["good"].stdout)

    assert judged(workspace, stage).status is wanted


COVERAGE: dict[str, tuple[str, Status]] = {
    "good": (said("coverage")["good"].stdout, Status.PASSED),
    "bad": (said("coverage")["bad"].stdout, Status.FAILED),
    "missing or crashing": ("", Status.ERRORED),
    "no report": (said("coverage")["nothing"].stdout, Status.ERRORED),
    "half a document": (half(said("coverage")["good"]).stdout, Status.ERRORED),
    "no file measured": (
        json.dumps({"meta": {"branch_coverage": True}, "totals": {"num_statements": 0}}),
        Status.ERRORED,
    ),
    "no branches": (
        said("coverage")["good"].stdout.replace('"branch_coverage": true', '"x": true'),
        Status.ERRORED,
    ),
}


@pytest.mark.parametrize("case", COVERAGE)
def test_coverage_says_what_is_true(workspace: Workspace, case: str) -> None:
    """Where every test has passed."""
    text, wanted = COVERAGE[case]
    records.begin(workspace, "tests")
    keep_run(workspace, "tests", said("pytest")["good"])
    keep_coverage(workspace, text)

    assert judged(workspace, "tests").status is wanted


def keep_run(workspace: Workspace, stage: str, ran: ToolResult) -> None:
    """Leave what a run of pytest leaves; its report is what it said."""
    file = records.junit(workspace.config, stage) / f"{PYTHON}.xml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(ran.stdout)
    records.write_record(workspace.config, stage, ToolRecord(PYTHON, "1", 0.1, ran))


def keep_coverage(workspace: Workspace, text: str) -> None:
    """Leave a report of coverage, or none where there is no text."""
    file = records.coverage_report(workspace.config)
    file.unlink(missing_ok=True)
    if text:
        file.write_text(text)


SLOW = benchmarks.baseline({PYTHON: {"ingest": 1.0}})
SAME = benchmarks.baseline({PYTHON: {"ingest": 3.0}})
TIMED = benchmarks.report(benchmarks.path("ingest"))
# Exit code, report, baseline: 6 ms where the reference takes 2 ms.
PERFORMANCE: dict[str, tuple[int, str, str, Status]] = {
    "good": (0, TIMED, SAME, Status.PASSED),
    "bad": (0, TIMED, SLOW, Status.FAILED),
    "missing": (1, "", SAME, Status.ERRORED),
    "crashing": (-11, TIMED, SAME, Status.ERRORED),
    "empty output": (0, "", SAME, Status.ERRORED),
    "nothing timed": (0, benchmarks.report(), SAME, Status.ERRORED),
    "half a document": (0, TIMED[: len(TIMED) // 2], SAME, Status.ERRORED),
    "no baseline": (0, TIMED, "", Status.ERRORED),
    "half a baseline": (0, TIMED, SAME[: len(SAME) // 2], Status.ERRORED),
    "a baseline of another Python": (0, TIMED, benchmarks.baseline({}), Status.ERRORED),
}


@pytest.mark.parametrize("case", PERFORMANCE)
def test_performance_says_what_is_true(workspace: Workspace, case: str) -> None:
    """A path is compared with its own baseline, or there is no verdict."""
    code, report, kept, wanted = PERFORMANCE[case]
    records.begin(workspace, "performance")
    for file, text in (
        (records.benchmark_report(workspace.config), report),
        (baseline(workspace.config), kept),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    records.write_record(
        workspace.config,
        "performance",
        ToolRecord(PYTHON, "1", 0.1, ToolResult(code, report, "", 1)),
    )

    assert judged(workspace, "performance").status is wanted


@pytest.mark.parametrize("tool", ["bandit", "detect-secrets"])
@pytest.mark.parametrize("case", cells("bandit"))
def test_security_says_of_code_and_secrets_what_is_true(
    workspace: Workspace, tool: str, case: str
) -> None:
    """One tool says this, the other and the advisories nothing."""
    ran, wanted = cells(tool)[case]
    records.begin(workspace, "security")
    for name in ("bandit", "detect-secrets"):
        ended = ran if name == tool else said(name)["good"]
        records.write_record(workspace.config, "security", ToolRecord(name, "1", 0.1, ended))
    none = {
        "findings": [],
        "source": asdict(AdvisorySource("safety", "https://pyup.io", "https", 0)),
    }
    records.write_document(workspace.config, "security", "advisories", none)

    assert judged(workspace, "security").status is wanted


# Made by its documented form: its source could not be reached where this was written.
AUDIT = {"name": "django", "version": "5.2.1", "vulns": []}
HOLE = {"id": "PYSEC-1", "aliases": [], "description": "Is weak.", "fix_versions": []}
AUDITED = ToolResult(0, json.dumps({"dependencies": [AUDIT], "fixes": []}), "", 1)
WEAK = ToolResult(1, json.dumps({"dependencies": [{**AUDIT, "vulns": [HOLE]}], "fixes": []}), "", 1)
UNREACHABLE = {tool: said(tool)["unreachable"] for tool in ("safety", "pip-audit")}


def advised(tool: str, good: ToolResult, bad: ToolResult, nothing: ToolResult) -> Cells:
    """Return the row of a source of advisories."""
    errored = {
        "missing": ToolResult(1, "", f"/v/bin/python: No module named {tool}", 1),
        "crashing": ToolResult(1, "", TRACE, 1),
        "killed": replace(good, code=-9),
        "empty output": ToolResult(0, "", "", 1),
        "no package judged": nothing,
        "half of a good document": half(good),
        "half of a bad document": half(bad),
        "source unreachable": UNREACHABLE[tool],
    }
    return {
        "good": (good, Status.PASSED),
        "bad": (bad, Status.FAILED),
        **{name: (ran, Status.ERRORED) for name, ran in errored.items()},
    }


SAFETY = said("safety")
SOURCES: Mapping[str, Cells] = {
    # The good one was asked about another version.
    "safety": advised(
        "safety",
        replace(SAFETY["good"], stdout=SAFETY["good"].stdout.replace("4.2.0", "5.2.1")),
        SAFETY["bad"],
        SAFETY["nothing"],
    ),
    "pip-audit": advised("pip-audit", AUDITED, WEAK, ToolResult(0, '{"dependencies": []}', "", 1)),
}


@pytest.mark.parametrize(
    ("source", "case"), [(source, case) for source in SOURCES for case in SOURCES[source]]
)
def test_security_says_of_advisories_what_is_true(tmp_path: Path, source: str, case: str) -> None:
    """One source says this, and the other cannot be reached."""
    ran, wanted = SOURCES[source][case]
    asked = UNREACHABLE | {source: ran}
    for tool in SOURCES:
        (tmp_path / ".nox" / tool).mkdir(parents=True)
    workspace = workspace_of(
        project(tmp_path),
        {**CLEAN, **NO_SECRETS, "-m uv": ""}
        | {f"-m {tool.replace('-', '_')}": ended(answer) for tool, answer in asked.items()},
    )
    try:
        security.security(workspace)
    except (GateFailedError, NothingToJudgeError) as error:
        assert error.code == {Status.FAILED: 4, Status.ERRORED: 3}[wanted]

    assert stages.require(workspace.config, "security").status is wanted


def ended(ran: ToolResult) -> Outcome:
    """Return how a process ended that said this."""
    return outcome(ran.stdout, code=ran.code, stderr=ran.stderr)


# Which tool or stage above gives each gate its fact; the rest is in test_truth_delivery.py.
SHOWN = {
    "LINT": NAMES,
    "COMPLEXITY": ["radon"],
    "MAINTAINABILITY": ["maintainability"],
    "TESTS_RUN": ["pytest"],
    "TESTS_FAILED": ["pytest"],
    "COVERAGE": ["coverage"],
    # Judged only with a baseline: test_baseline.py.
    "COVERAGE_NEW": [],
    "INTEGRATION_RUN": ["pytest"],
    "INTEGRATION_FAILED": ["pytest"],
    "SLOWDOWN": ["pytest-benchmark"],
    # Bandit has no word for critical: its edge is in test_gates.py.
    "CODE_CRITICAL": ["bandit"],
    "CODE_HIGH": ["bandit"],
    "SECRETS": ["detect-secrets"],
    "ADVISORIES_CRITICAL": list(SOURCES),
    "ADVISORIES_HIGH": list(SOURCES),
    # It is a directory of advisories that has an age: test_advisories.py.
    "ADVISORIES_AGE": [],
}


def test_no_cell_of_the_table_is_missing() -> None:
    """Each gate has a tool that gives it a fact, each tool every case, each gate its edge."""
    assert {*SHOWN, *delivery.SHOWN} == {gate.code for gate in known()} == set(EDGES)
    assert set(NAMES) == set(rows.READERS)
    must = {"good", "bad", "crashing", "empty output", "half of a bad document"}
    for row in (*(cells(tool) for tool in (*NAMES, "pytest", "detect-secrets")), *SOURCES.values()):
        assert must <= set(row)
    assert {tool for tools in SHOWN.values() for tool in tools} == {
        *NAMES,
        *SOURCES,
        *("pytest", "coverage", "pytest-benchmark", "detect-secrets"),
    }
