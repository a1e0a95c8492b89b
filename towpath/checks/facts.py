"""What the tools of each check measured: their records are read, strictly, into facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from towpath.checks import benchmark_reader as benchmark
from towpath.checks import left_out, records
from towpath.checks.lint import linters_commands as linters
from towpath.checks.lint import output as rows
from towpath.checks.lint.linters_commands import Linter
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
    """What a check measured: facts for the gates, what could not be read and why, and the rest.

    `rows` are for a table: tool, how it stands, seconds, a few words. `told` has the findings of
    each tool, None where it gave no verdict. `warnings` are told, and judge nothing. `excluded` is
    what the project leaves out of each tool's judgement.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    tools: dict[str, str] = field(default_factory=dict)
    artifacts: list[Path] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    told: dict[str, tuple[Finding, ...] | None] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    excluded: dict[str, list[str]] = field(default_factory=dict)

    def take(
        self, config: Config, stage: str, name: str, read: Callable[[ToolRecord], tuple[str, str]]
    ) -> None:
        """Read a tool's record: `read` keeps the facts and returns how it stands, and in words.

        A record that is missing, or says neither yes nor no, becomes an errored row.
        """
        seconds, before = "", len(self.findings)
        try:
            record = records.read_record(config, stage, name)
            self.tools[name] = record.version
            seconds = f"{record.seconds:.1f} s"
            stands, words = read(record)
        except NothingToJudgeError as error:
            self.miss(name, f"{error.what} {error.why}", seconds)
        else:
            self.told[name] = tuple(self.findings[before:])
            self.rows.append((name, stands, seconds, words))

    def leave_out(self, name: str, said: Iterable[object]) -> str:
        """Keep what the project leaves out of a tool's judgement, and return words for its row."""
        rows = sorted(str(row) for row in said if isinstance(row, LeftOut))
        if not rows:
            return ""
        self.excluded[name] = rows
        self.facts["excluded"] = self.excluded
        return f", left out: {len(rows)}"

    def miss(self, name: str, reason: str, seconds: str = "") -> None:
        """Keep that something could not be read, and why."""
        self.unread.append(reason)
        self.told[name] = None
        self.rows.append((name, "errored", seconds, reason))


def lint(config: Config, names: Sequence[str] = (), stage: str = "lint") -> CheckFacts:
    """Count the issues of every linter, or of these; one that cannot be read leaves them unknown.

    Issues that were found stay found, whatever else could not be read.
    """
    measured = CheckFacts()
    for tool in linters.LINTERS:
        if tool.name in names or not names and is_used(config, tool):
            measured.take(config, stage, tool.name, lambda row: _linted(measured, config, row))
        elif not names:
            why = f"the project has no {tool.only_with}"
            measured.rows.append((tool.name, "skipped", "", why))
    if measured.findings or not measured.unread:
        measured.facts["issues"] = len(measured.findings)
    return measured


def is_used(config: Config, tool: Linter) -> bool:
    """Tell whether a project uses a linter: some have nothing to judge without a certain file."""
    return not tool.only_with or (config.root / tool.only_with).exists()


def tests(config: Config) -> CheckFacts:
    """Sum the reports of all Pythons; the coverage is that of all of them together."""
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
        words = f"{covered.percent:.2f} % of lines and branches, {covered.lines:.2f} % of lines"
        words += measured.leave_out("coverage", left_out.of_coverage(config, covered))
        measured.rows.append(("coverage", "measured", "", words))
    return measured


def integration(config: Config) -> CheckFacts:
    """Count the tests that ran against real services."""
    measured = _pytest(config, "integration")
    if config.services_given:
        measured.facts["left_out"] = ["engine"]
    return measured


def performance(config: Config) -> CheckFacts:
    """Compare the app's hot paths with the baseline, each as a multiple of the reference."""
    measured = CheckFacts()

    def compare(record: ToolRecord) -> tuple[str, str]:
        if record.ran.code:
            raise unread("pytest", f"It ended with {record.ran.code}: {record.ran.stderr}")
        file = records.benchmark_report(config)
        found = benchmark.slowdowns(
            benchmark.read_benchmark(_text(file)), _text(baseline(config)), record.name
        )
        worst = max(found, key=lambda path: found[path])
        measured.facts.update(slowdown=round(found[worst], 3), paths=rounded(found))
        measured.artifacts.append(file)
        return "measured", f"paths: {len(found)}, the worst: {worst}, {found[worst]:.2f} x"

    for name in records.names(config, "performance"):
        measured.take(config, "performance", name, compare)
    return measured


def baseline(config: Config) -> Path:
    """Return the file of what the performance tests compare with; it is part of the source."""
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
    """Count the advisories that no waiver names, by severity, and name those that one does."""
    said = records.read_document(config, "security", "advisories")
    if "reason" in said:
        measured.miss("advisories", str(said["reason"]))
        return
    rows = [advisories.Advisory.from_json(row) for row in said["findings"]]
    notes = policy.advisory_notes(config.waivers)
    counting = [row for row in rows if not row.waived(notes)]
    counts = advisories.by_severity(counting)
    measured.facts.update({f"advisories_{name}": count for name, count in counts.items()})
    asked = sources.Asked(**said["asked"])
    measured.facts.update(sources.facts([asked]))
    measured.facts["advisories_waived"] = _waived(rows, notes)
    measured.warnings += [policy.unused_warning(name) for name in advisories.unused(notes, rows)]
    found = tuple(_as_finding(row) for row in counting)
    measured.told["advisories"] = found
    measured.findings += found
    words = f"advisories: {len(counting)}, waived: {len(rows) - len(counting)}; asked {asked}"
    measured.rows.append(("advisories", _stands(counting), "", words))


def _waived(rows: Sequence[advisories.Advisory], notes: Mapping[str, str]) -> list[str]:
    return [f"{row}; waived: {row.waived(notes)}" for row in rows if row.waived(notes)]


def _as_finding(row: advisories.Advisory) -> Finding:
    return Finding("requirements/production.txt", 0, row.id, row.words(), row.severity)


def _matrix(config: Config, measured: CheckFacts) -> None:
    """Name what was tested of the matrix, and what was not.

    What is missing is a gap in CI, where the machine is made for it, and a warning elsewhere.
    """
    measured.facts.update(pythons.matrix(config, records.names(config, "tests")))
    names = ", ".join(measured.facts["missing"])
    if names and config.in_ci:
        measured.miss("matrix", f"Python {names} is supported and was not found: not tested.")


def secrets_baseline(config: Config) -> str:
    """Return the project's baseline of reviewed secrets; empty where it has none."""
    file = config.root / secrets.BASELINE
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values as evidence keeps them: three places."""
    return {name: round(value, 3) for name, value in values.items()}


def _text(file: Path) -> str:
    """Return a file's text, or nothing where there is no file: the readers refuse it."""
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _stands(found: Sequence[object]) -> str:
    return "failed" if found else "passed"


def _linted(measured: CheckFacts, config: Config, record: ToolRecord) -> tuple[str, str]:
    if not record.files and _kind(record.name) in config.absent:
        return "skipped", "pyproject.toml says that there are no such files, and there are none"
    said = rows.all_findings(config.root, record)
    spared = f" ({record.spared} as before)" if record.spared else ""
    if worst := _worst(measured, said):
        return "measured", f"{worst}{spared}"
    found = [row for row in said if isinstance(row, Finding)]
    measured.findings += found
    measured.facts[record.name] = len(found)
    excluded = measured.leave_out(record.name, [*said, *left_out.by_settings(config, record.name)])
    return _stands(found), f"issues: {len(found)}, files: {record.files}{spared}{excluded}"


def _worst(measured: CheckFacts, said: Sequence[rows.Row]) -> str:
    """Keep the worst of what is measured in numbers, and say it; empty if nothing is."""
    if functions := [row for row in said if isinstance(row, Function)]:
        most = max(functions, key=lambda function: function.complexity)
        measured.facts["complexity"] = most.complexity
        return f"the most complex function: {most}"
    if modules := [row for row in said if isinstance(row, Module)]:
        least = min(modules, key=lambda module: module.index)
        measured.facts["maintainability"] = round(least.index, 2)
        return f"the least maintainable module: {least}"
    return ""


def _kind(name: str) -> str:
    return next((tool.reads for tool in linters.LINTERS if tool.name == name), "")


def _weaknesses(measured: CheckFacts, record: ToolRecord) -> tuple[str, str]:
    said = bandit.read_bandit(record.ran)
    found = [row for row in said if isinstance(row, Finding)]
    measured.findings += found
    counts = bandit.by_severity(found)
    measured.facts.update({f"code_{name}": count for name, count in counts.items()})
    excluded = measured.leave_out(record.name, said)
    return _stands(found), f"findings: {len(found)}, files: {record.ran.files}{excluded}"


def _secrets(measured: CheckFacts, config: Config, record: ToolRecord) -> tuple[str, str]:
    found = secrets.read_secrets(record.ran, secrets.baseline(secrets_baseline(config)))
    measured.findings += found.findings
    measured.facts.update(
        secrets=len(found.findings),
        secrets_reviewed=found.reviewed,
        secrets_stale=list(found.stale),
        secrets_files=found.looked_at,
    )
    measured.warnings += [
        f"{secrets.BASELINE} reviews what is not there any more, {row}. Take the entry out."
        for row in found.stale
    ]
    words = f"secrets: {len(found.findings)}, reviewed: {found.reviewed}, files: {found.looked_at}"
    return _stands(found.findings), words + measured.leave_out(record.name, found.allowed)


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
            ended = f"It ended with {record.ran.code} and {found.failed} failed"
            raise unread("pytest", f"{ended}: {said}" if said else f"{ended}.")
        counts.append(found)
        measured.artifacts.append(file)
        words = f"{found.run} run, {found.failed} failed, {found.skipped} skipped"
        words += measured.leave_out(f"pytest {record.name}", left_out.of_tests(file))
        if record.seed is not None:
            seeds[record.name] = record.seed
            words += f", seed {record.seed}"
        return _stands(found.names), words

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
