"""The findings of linters in one form for all, and strict readers of their output."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from towpath.core.documents import loads, reason
from towpath.core.errors import NothingToJudgeError


@dataclass(frozen=True)
class ToolResult:
    """The result of a tool: exit code, both streams, and the number of files passed to it."""

    code: int
    stdout: str
    stderr: str
    files: int


@dataclass(frozen=True)
class Finding:
    """One finding of a tool; `line` is 0 where it is about the file as such."""

    path: str
    line: int
    code: str
    message: str
    severity: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.code} {self.message}"


@dataclass(frozen=True)
class Exclusion:
    """A file, or lines of it, that the project excludes from a tool, and how."""

    path: str
    why: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


# Characters and levels of a tool's report: that of coverage has a row for each function.
LIMIT, DEPTH = 64 << 20, 64
# How our drivers report an excluded file.
EXCLUSION = re.compile(r"^EXCLUDED: (.+) \(([^()]+)\)$", re.MULTILINE)
# What a tool reports about a file.
FindingOrExclusion: TypeAlias = Finding | Exclusion


def unread(tool: str, why: str) -> NothingToJudgeError:
    """Return the error for a tool without a usable result."""
    return NothingToJudgeError(
        f"{tool} produced no usable result.",
        why=why,
        next_step=f"See its output in reports/logs/{tool}.log.",
    )


def unexpected(
    tool: str, error: Exception, where: str = "Unexpected report format"
) -> NothingToJudgeError:
    """Return the error for a report that a reader could not follow, from what Python raised.

    `where` begins the sentence: the report, or the part of it.
    """
    why = reason(error)
    return unread(tool, f"{where}: {why[0].lower()}{why[1:]}")


def require_ran(tool: str, ran: ToolResult, codes: Iterable[int] = (0, 1)) -> None:
    """Raise NothingToJudgeError unless the tool had files and ended with one of these codes."""
    if not ran.files:
        raise unread(tool, "No files were passed to it.")
    if ran.code not in codes:
        words = (ran.stderr.strip() or ran.stdout.strip() or "No output.").splitlines()
        raise unread(tool, f"It exited with code {ran.code}: {words[-1]}")


def require_all(tool: str, ran: ToolResult, judged: int) -> None:
    """Raise NothingToJudgeError unless the tool reported on every file that was passed to it."""
    if judged != ran.files:
        raise unread(tool, f"It was passed {ran.files} files and reported on {judged}.")


def require_agreement(tool: str, ran: ToolResult, has_findings: bool) -> None:
    """Raise NothingToJudgeError if the exit code and the findings contradict each other."""
    if (ran.code != 0) != has_findings:
        seen = "findings" if has_findings else "no findings"
        raise unread(tool, f"It exited with code {ran.code} and reported {seen}.")


def document(tool: str, text: str) -> dict[str, Any]:
    """Return the JSON object of a tool; raises NothingToJudgeError for anything else."""
    found = _loaded(tool, text)
    if not isinstance(found, dict):
        raise unread(tool, f"Its output is a JSON {type(found).__name__}, not an object.")
    return found


def documents(tool: str, text: str) -> list[Any]:
    """Return the JSON array of a tool; raises NothingToJudgeError for anything else."""
    found = _loaded(tool, text)
    if not isinstance(found, list):
        raise unread(tool, f"Its output is a JSON {type(found).__name__}, not an array.")
    return found


def _loaded(tool: str, text: str) -> object:
    try:
        return loads(text, LIMIT, DEPTH)
    except ValueError as error:
        seen = f"Its output is not complete JSON: {error}" if text.strip() else "No output."
        raise unread(tool, seen) from error
