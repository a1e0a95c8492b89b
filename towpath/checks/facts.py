"""What a check measured: facts for its gates, read strictly from the records of its tools."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from towpath.checks import records
from towpath.checks.records import ToolRecord
from towpath.config import Config
from towpath.config.baseline import Section, counted
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Exclusion, Finding


@dataclass
class CheckFacts:
    """The result of a check: facts for the gates, reasons for missing facts, and findings.

    `unread` has why a fact is missing. `rows` are those of a table: tool, status, seconds, note.
    `findings_by_tool` has the findings of each tool, None for a tool without a verdict. `warnings`
    are shown and not judged. `excluded` is what the project excludes from each tool. `today` are
    the values that a baseline would record, and `worse` the rules, by tool, with more findings than
    the baseline has.
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
    today: Section = Section()
    worse: dict[str, set[str]] = field(default_factory=dict)

    def beyond(self, baseline: Section, tool: str, findings: Sequence[Finding]) -> list[Finding]:
        """Store the findings of a tool as of today, and return those beyond the baseline."""
        counts = {**self.today.findings, **counted({tool: findings})}
        self.today = replace(self.today, findings=counts)
        rows = baseline.beyond(tool, findings)
        self.worse[tool] = {row.code for row in rows}
        return rows

    def note(self, gate: str, before: str, now: str, standard: object) -> None:
        """Store how far a gate is from its baseline and from the standard."""
        notes = self.facts.setdefault("baseline", {})
        notes[gate] = f"baseline: {before}, today: {now}, standard: {standard}"

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

    def exclude(self, name: str, results: Iterable[object]) -> str:
        """Store what the project excludes from a tool, and return a note for its row."""
        rows = sorted(str(row) for row in results if isinstance(row, Exclusion))
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


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values rounded to three decimal places."""
    return {name: round(value, 3) for name, value in values.items()}


def read_text(file: Path) -> str:
    """Return a file's text; without a file an empty text, which the readers refuse."""
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def status_of(findings: Sequence[object]) -> str:
    """Return how a tool with these findings stands."""
    return "failed" if findings else "passed"
