"""Turn the records of a check's tools into facts, strictly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from towpath.checks import benchmark_reader as benchmark
from towpath.checks import left_out, records
from towpath.checks.lint import linters_commands as linters
from towpath.checks.lint import output as rows
from towpath.checks.lint.readers import bandit
from towpath.checks.lint.readers.maintainability import Module
from towpath.checks.lint.readers.radon import Function
from towpath.checks.records import ToolRecord
from towpath.checks.security import advisories_reader as advisories
from towpath.checks.security import secrets_reader as secrets
from towpath.checks.tests import coverage_reader as coverage
from towpath.checks.tests import junit_reader as junit
from towpath.config import Config
from towpath.config import waivers as policy
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Finding, LeftOut, unread
from towpath.evidence import advisory_sources as sources
from towpath.source import matrix as pythons


@dataclass
class CheckFacts:
    """The result of a check: facts for the gates, reasons for missing facts, and findings.

    `unread` has why a fact is missing. `rows` are those of a table: tool, status, seconds, note.
    `findings_by_tool` has the findings of each tool, None for a tool without a verdict. `warnings`
    are shown and not judged. `excluded` is what the project excludes from each tool.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    tools: dict[str, str] = field(default_factory=dict)
    artifacts: list[Path] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    findings_by_tool: dict[str, tuple[Finding, ...] | None] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    excluded: dict[str, list[str]] = field(default_factory=dict)

    def take(
        self, config: Config, stage: str, name: str, read: Callable[[ToolRecord], tuple[str, str]]
    ) -> None:
        """Read a tool's record: `read` stores the facts and returns a status and a note.

        A record that is missing or has no verdict becomes an errored row.
        """
        seconds, before = "", len(self.findings)
        try:
            record = records.read_record(config, stage, name)
            self.tools[name] = record.version
            seconds = f"{record.seconds:.1f} s"
            status, note = read(record)
        except NothingToJudgeError as error:
            self.miss(name, f"{error.what} {error.why}", seconds)
        else:
            self.findings_by_tool[name] = tuple(self.findings[before:])
            self.rows.append((name, status, seconds, note))

    def leave_out(self, name: str, results: Iterable[object]) -> str:
        """Store what the project excludes from a tool, and return a note for its row."""
        rows = sorted(str(row) for row in results if isinstance(row, LeftOut))
        if not rows:
            return ""
        self.excluded[name] = rows
        self.facts["excluded"] = self.excluded
        return f", excluded: {len(rows)}"

    def miss(self, name: str, reason: str, seconds: str = "") -> None:
        """Record that a result could not be read, and why."""
        self.unread.append(reason)
        self.findings_by_tool[name] = None
        self.rows.append((name, "errored", seconds, reason))


def lint(config: Config, names: Iterable[str] = (), stage: str = "lint") -> CheckFacts:
    """Count the issues of every linter, or of these.

    Without issues, the count stays unknown if a linter gave no verdict.
    """
    measured = CheckFacts()
    for name in names or (tool.name for tool in linters.LINTERS):
        measured.take(config, stage, name, lambda record: _linted(measured, config, record))
    if measured.findings or not measured.unread:
        measured.facts["issues"] = len(measured.findings)
    return measured


def tests(config: Config) -> CheckFacts:
    """Add up the test reports of all Pythons, with their combined coverage."""
    measured = _pytest(config, "tests")
    _matrix(config, measured)
    file = records.coverage_report(config)
    try:
        covered = coverage.read_coverage(_text(file))
    except NothingToJudgeError as error:
        measured.miss("coverage", f"{error.what} {error.why}")
    else:
        measured.facts.update(coverage=covered.percent, coverage_lines=covered.lines)
        measured.artifacts.append(file)
        note = f"{covered.percent:.2f} % of lines and branches, {covered.lines:.2f} % of lines"
        note += measured.leave_out("coverage", left_out.of_coverage(config, covered))
        measured.rows.append(("coverage", "measured", "", note))
    return measured


def integration(config: Config) -> CheckFacts:
    """Count the tests that ran against real services."""
    measured = _pytest(config, "integration")
    if config.services_given:
        measured.facts["left_out"] = ["engine"]
    return measured


def performance(config: Config) -> CheckFacts:
    """Compare the app's most used code paths with the baseline, each relative to the reference."""
    measured = CheckFacts()

    def compare(record: ToolRecord) -> tuple[str, str]:
        if record.ran.code:
            raise unread("pytest", f"Exit code {record.ran.code}: {record.ran.stderr}")
        file = records.benchmark_report(config)
        found = benchmark.slowdowns(
            benchmark.read_benchmark(_text(file)), _text(baseline(config)), record.name
        )
        worst = max(found, key=lambda path: found[path])
        measured.facts.update(slowdown=round(found[worst], 3), paths=rounded(found))
        measured.artifacts.append(file)
        return (
            "measured",
            f"{len(found)} code paths; slowest: {worst}, {found[worst]:.2f} times the baseline",
        )

    for name in records.names(config, "performance"):
        measured.take(config, "performance", name, compare)
    return measured


def baseline(config: Config) -> Path:
    """Return the baseline file of the performance tests, which is part of the source."""
    return config.root / "tests" / "performance" / "baseline.json"


def security(config: Config) -> CheckFacts:
    """Count findings in our code and advisories on our dependencies, by severity."""
    measured = CheckFacts()
    measured.take(config, "security", "bandit", lambda record: _weaknesses(measured, record))
    measured.take(
        config, "security", secrets.TOOL, lambda record: _secrets(measured, config, record)
    )
    _advisories(measured, config)
    return measured


def _advisories(measured: CheckFacts, config: Config) -> None:
    """Count the advisories without a waiver, by severity, and list those with one."""
    document = records.read_document(config, "security", "advisories")
    if "reason" in document:
        measured.miss("advisories", str(document["reason"]))
        return
    rows = [advisories.Advisory.from_json(row) for row in document["findings"]]
    notes = policy.advisory_notes(config.waivers)
    counting = [row for row in rows if not row.waived(notes)]
    counts = advisories.by_severity(counting)
    measured.facts.update({f"advisories_{name}": count for name, count in counts.items()})
    asked = sources.Asked(**document["asked"])
    measured.facts.update(sources.facts([asked]))
    measured.facts["advisories_waived"] = _waived(rows, notes)
    measured.warnings += [policy.unused_warning(name) for name in advisories.unused(notes, rows)]
    found = tuple(_as_finding(row) for row in counting)
    measured.findings_by_tool["advisories"] = found
    measured.findings += found
    note = f"advisories: {len(counting)}, waived: {len(rows) - len(counting)}; source: {asked}"
    measured.rows.append(("advisories", _status(counting), "", note))


def _waived(rows: Sequence[advisories.Advisory], notes: Mapping[str, str]) -> list[str]:
    return [f"{row}; waived: {row.waived(notes)}" for row in rows if row.waived(notes)]


def _as_finding(row: advisories.Advisory) -> Finding:
    return Finding("requirements/production.txt", 0, row.id, row.words(), row.severity)


def _matrix(config: Config, measured: CheckFacts) -> None:
    """Record which versions of the matrix were tested, and which were not.

    A missing version is an error in CI, where every version should be installed, and a warning
    elsewhere.
    """
    measured.facts.update(pythons.matrix(config, records.names(config, "tests")))
    names = ", ".join(measured.facts["missing"])
    if names and config.in_ci:
        measured.miss("matrix", f"Not tested: Python {names} is supported but not installed.")


def secrets_baseline(config: Config) -> str:
    """Return the project's baseline of reviewed secrets; empty where it has none."""
    file = config.root / secrets.BASELINE
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values rounded to three decimal places."""
    return {name: round(value, 3) for name, value in values.items()}


def _text(file: Path) -> str:
    """Return a file's text; without a file an empty text, which the readers refuse."""
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _status(found: Sequence[object]) -> str:
    return "failed" if found else "passed"


def _linted(measured: CheckFacts, config: Config, record: ToolRecord) -> tuple[str, str]:
    if not record.files and _kind(record.name) in config.absent:
        return "skipped", "no such files, as declared in pyproject.toml"
    results = rows.all_findings(config.root, record)
    reused = f" ({record.reused} from cache)" if record.reused else ""
    if worst := _worst(measured, results):
        return "measured", f"{worst}{reused}"
    found = [row for row in results if isinstance(row, Finding)]
    measured.findings += found
    measured.facts[record.name] = len(found)
    excluded = measured.leave_out(
        record.name, [*results, *left_out.by_settings(config, record.name)]
    )
    return _status(found), f"issues: {len(found)}, files: {record.files}{reused}{excluded}"


def _worst(measured: CheckFacts, results: Sequence[rows.Row]) -> str:
    """Store the worst measured number as a fact, and return it as a note; empty without numbers."""
    if functions := [row for row in results if isinstance(row, Function)]:
        most = max(functions, key=lambda function: function.complexity)
        measured.facts["complexity"] = most.complexity
        return f"most complex function: {most}"
    if modules := [row for row in results if isinstance(row, Module)]:
        least = min(modules, key=lambda module: module.index)
        measured.facts["maintainability"] = round(least.index, 2)
        return f"least maintainable module: {least}"
    return ""


def _kind(name: str) -> str:
    return next((tool.reads for tool in linters.LINTERS if tool.name == name), "")


def _weaknesses(measured: CheckFacts, record: ToolRecord) -> tuple[str, str]:
    results = bandit.read_bandit(record.ran)
    found = [row for row in results if isinstance(row, Finding)]
    measured.findings += found
    counts = bandit.by_severity(found)
    measured.facts.update({f"code_{name}": count for name, count in counts.items()})
    excluded = measured.leave_out(record.name, results)
    return _status(found), f"findings: {len(found)}, files: {record.ran.files}{excluded}"


def _secrets(measured: CheckFacts, config: Config, record: ToolRecord) -> tuple[str, str]:
    found = secrets.read_secrets(record.ran, secrets.baseline(secrets_baseline(config)))
    measured.findings += found.findings
    measured.facts.update(
        secrets=len(found.findings),
        secrets_reviewed=found.reviewed,
        secrets_stale=list(found.stale),
        secrets_files=found.scanned,
    )
    measured.warnings += [
        f"{secrets.BASELINE} has an entry for a secret that no longer exists: {row}. Remove it."
        for row in found.stale
    ]
    note = f"secrets: {len(found.findings)}, reviewed: {found.reviewed}, files: {found.scanned}"
    return _status(found.findings), note + measured.leave_out(record.name, found.allowed)


def _pytest(config: Config, stage: str) -> CheckFacts:
    """Sum the reports of every run of pytest; one that cannot be read leaves the sum unknown."""
    measured = CheckFacts()
    counts: list[junit.Tests] = []
    seeds: dict[str, int] = {}

    def report(record: ToolRecord) -> tuple[str, str]:
        file = records.junit(config, stage) / f"{record.name}.xml"
        said = (record.ran.stderr.strip().splitlines() or [""])[-1]
        found = junit.read_junit(_text(file), str(file.relative_to(config.root)), said)
        if record.ran.code not in (0, 1, 5) or (record.ran.code == 1) != bool(found.failed):
            ended = f"Exit code {record.ran.code}, with {found.failed} failed tests"
            raise unread("pytest", f"{ended}: {said}" if said else f"{ended}.")
        counts.append(found)
        measured.artifacts.append(file)
        words = f"{found.run} run, {found.failed} failed, {found.skipped} skipped"
        words += measured.leave_out(f"pytest {record.name}", left_out.of_tests(file))
        if record.seed is not None:
            seeds[record.name] = record.seed
            words += f", seed {record.seed}"
        return _status(found.names), words

    for name in records.names(config, stage):
        measured.take(config, stage, name, report)
    measured.leave_out("pytest", left_out.by_settings(config, "pytest"))
    measured.facts["seeds"] = seeds
    measured.findings = [Finding(name, 0, "FAILED", "") for found in counts for name in found.names]
    if counts and not measured.unread:
        summed = junit.total(counts)
        measured.facts.update(
            tests_run=summed.run,
            tests_passed=summed.passed,
            tests_failed=summed.failed,
            tests_skipped=summed.skipped,
        )
    elif measured.findings:
        measured.facts["tests_failed"] = len(measured.findings)
    return measured
