"""What a check measured: facts for its gates, read strictly from the records of its tools."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from towpath.checks import records
from towpath.checks.records import ToolRecord
from towpath.config import Config
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Finding, LeftOut


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


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values as evidence keeps them: three places."""
    return {name: round(value, 3) for name, value in values.items()}


def read_text(file: Path) -> str:
    """Return a file's text, or nothing where there is no file: the readers refuse it."""
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def status_of(found: Sequence[object]) -> str:
    """Return how a tool with these findings stands."""
    return "failed" if found else "passed"
