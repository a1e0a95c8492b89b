"""What the tests of a run say, counted for the gates, and what they leave out."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from towpath import gates
from towpath.checks import exclusions, records
from towpath.checks.facts import CheckFacts, read_text, status_of
from towpath.checks.records import ToolRecord
from towpath.checks.tests import coverage_reader as coverage
from towpath.checks.tests import junit_reader as junit
from towpath.config import Config
from towpath.config.baseline import Section
from towpath.config.checking import PYTEST
from towpath.core import documents
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import LIMIT, Exclusion, Finding, unread
from towpath.source import matrix as pythons


def measure_tests(config: Config) -> CheckFacts:
    """Sum the reports of all Pythons; the coverage is that of all of them together.

    Raises ConfigurationError for a Python in TOWPATH_PYTHONS that the project does not support.
    """
    measured = _pytest(config, "tests")
    _matrix(config, measured)
    file = records.coverage_report(config)
    try:
        covered = coverage.read_coverage(read_text(file))
    except NothingToJudgeError as error:
        measured.miss("coverage", f"{error.what} {error.why}")
    else:
        measured.facts.update(coverage=covered.percent, coverage_lines=covered.lines)
        measured.artifacts.append(file)
        _compare(config, measured, covered)
        words = f"{covered.percent:.2f} % of lines and branches, {covered.lines:.2f} % of lines"
        if config.tests.coverage_on:
            words += f", measured on Python {', '.join(_measured_on(config))}"
        words += measured.exclude("coverage", excluded_from_coverage(config, covered))
        measured.rows.append(("coverage", "measured", "", words))
    _compare_number(config, measured)
    return measured


def _compare(config: Config, measured: CheckFacts, covered: coverage.Covered) -> None:
    """Store how far the coverage is from the baseline, and that of the files it does not know."""
    # Rounded down, so that the same value again is not less.
    now = math.floor(covered.percent * 100) / 100
    standard = gates.gate("COVERAGE", config.gates)
    if gates.evaluate(standard, covered.percent).status is not gates.Status.PASSED:
        measured.today = Section(coverage=now, files=tuple(sorted(covered.files)))
    before = config.baseline.of("tests")
    if before.coverage is not None:
        new = covered.files - set(before.files)
        measured.facts["coverage_new"] = covered.percent_of(new)
        words = f"{before.coverage:g} %", f"{now:g} %", str(standard).removeprefix("COVERAGE ")
        measured.note("COVERAGE", *words)


def _compare_number(config: Config, measured: CheckFacts) -> None:
    """Store that the project has no tests, and show a baseline that says so."""
    run = measured.facts.get("tests_run")
    if run == 0:
        measured.today = replace(measured.today, tests=0)
    if config.baseline.of("tests").tests is not None and run is not None:
        measured.note("TESTS_RUN", "0", str(run), str(gates.gate("TESTS_RUN", config.gates))[10:])


def measure_integration(config: Config) -> CheckFacts:
    """Count the tests that ran against real services."""
    if not config.integration.paths:
        words = "the project has no integration tests: tool.towpath.integration.paths is empty"
        missing = ["integration tests"] if config.integration.required else []
        return CheckFacts({"excluded_tests": missing}, rows=[("integration", "skipped", "", words)])
    measured = _pytest(config, "integration")
    if config.services_are_external:
        measured.facts["excluded_tests"] = ["engine"]
    return measured


def _matrix(config: Config, measured: CheckFacts) -> None:
    """Name what was tested of the matrix, and what was not.

    What is missing is a gap in CI, where the machine is made for it, and a warning elsewhere.
    """
    measured.facts.update(pythons.matrix(config, records.names(config, "tests")))
    names = ", ".join(measured.facts["missing"])
    if names and config.in_ci:
        measured.miss("matrix", f"Python {names} is supported and was not found: not tested.")


def _pytest(config: Config, stage: str) -> CheckFacts:
    """Sum the reports of every run of pytest; one that cannot be read leaves the sum unknown."""
    measured = CheckFacts({"seeds": {}})
    runs: dict[str, junit.Tests] = {}
    for name in records.names(config, stage):
        measured.take(config, stage, name, lambda row: _run(measured, runs, config, stage, row))
    if config.tests.runner == PYTEST:
        measured.exclude("pytest", exclusions.by_settings(config, "pytest"))
    measured.findings = [
        Finding(test, 0, "FAILED", "") for run in runs.values() for test in run.names
    ]
    if runs and not measured.unread:
        summed = junit.total(list(runs.values()))
        measured.facts.update(
            tests_run=summed.run,
            tests_passed=summed.passed,
            tests_failed=summed.failed,
            tests_skipped=summed.skipped,
        )
    elif measured.findings:
        measured.facts["tests_failed"] = len(measured.findings)
    return measured


def _run(
    measured: CheckFacts,
    runs: dict[str, junit.Tests],
    config: Config,
    stage: str,
    record: ToolRecord,
) -> tuple[str, str]:
    """Read the report of one run of pytest into `runs`; return how it stands, and in words.

    Raises NothingToJudgeError for a report that is broken, or contradicts the exit code.
    """
    file = records.junit(config, stage) / f"{record.name}.xml"
    last_line = (record.ran.stderr.strip().splitlines() or [""])[-1]
    found = junit.read_junit(read_text(file), str(file.relative_to(config.root)), last_line)
    if record.ran.code not in (0, 1, 5) or (record.ran.code == 1) != bool(found.failed):
        ended = f"It ended with {record.ran.code} and {found.failed} failed"
        raise unread("pytest", f"{ended}: {last_line}" if last_line else f"{ended}.")
    runs[record.name] = found
    measured.artifacts.append(file)
    words = f"{found.run} run, {found.failed} failed, {found.skipped} skipped"
    words += measured.exclude(f"pytest {record.name}", deselected_in_run(file))
    if record.seed is not None:
        measured.facts["seeds"][record.name] = record.seed
        words += f", seed {record.seed}"
    return status_of(found.names), words


def _measured_on(config: Config) -> list[str]:
    """Return the runs whose data there is: a run in several processes writes several files."""
    data = records.coverage_data(config, "tests")
    names = records.names(config, "tests")
    return [name for name in names if any(data.glob(f"data-{name}*"))]


def excluded_from_coverage(config: Config, covered: coverage.Covered) -> list[Exclusion]:
    """Return what the coverage does not speak of: lines of a file, and files of the product."""
    try:
        sources = records.read_document(config, "coverage", "sources")["files"]
    except (KeyError, NothingToJudgeError):
        sources = []
    missing = [path for path in sources if path not in covered.files] if covered.files else []
    return [
        *exclusions.by_settings(config, "coverage"),
        *covered.exclusions,
        *(Exclusion(path, "not measured") for path in missing),
    ]


def deselected_in_run(report: Path) -> list[Exclusion]:
    """Return the tests that were not run, by the list that our plugin wrote beside a report.

    Raises NothingToJudgeError for a list that is broken.
    """
    file = report.with_suffix(".deselected.json")
    try:
        names = documents.loads(file.read_bytes(), LIMIT) if file.is_file() else []
        return [Exclusion(str(name), "not run") for name in names]
    except (TypeError, ValueError) as error:
        why = f"The list of tests that were left out is broken: {error}"
        raise unread("pytest", why) from error
