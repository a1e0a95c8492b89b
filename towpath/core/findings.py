"""What a linter said, in one form for all of them, and the strict ways to read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from towpath.core.documents import loads
from towpath.core.errors import NothingToJudgeError


@dataclass(frozen=True)
class ToolResult:
    """How a tool ended: exit code, both streams, and how many files it was given."""

    code: int
    stdout: str
    stderr: str
    files: int


@dataclass(frozen=True)
class Finding:
    """One thing that a tool found; `line` is 0 where it speaks of the whole file."""

    path: str
    line: int
    code: str
    message: str
    severity: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.code} {self.message}"


@dataclass(frozen=True)
class LeftOut:
    """A file, or lines of it, that the project leaves out of a tool's judgement, and how."""

    path: str
    why: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


# Letters of a tool's report, and its levels: one of coverage has a row for each function.
LIMIT, DEPTH = 64 << 20, 64
# How our drivers name a file that is left out.
LEFT_OUT = re.compile(r"^LEFT OUT: (.+) \(([^()]+)\)$", re.MULTILINE)
# What a tool says of a file.
Said: TypeAlias = Finding | LeftOut


def unread(tool: str, why: str) -> NothingToJudgeError:
    """Return the error of a tool whose output says neither yes nor no."""
    return NothingToJudgeError(
        f"{tool} produced no usable result.",
        why=why,
        next_step=f"See its output in reports/logs/{tool}.log.",
    )


def require_ran(tool: str, ran: ToolResult, codes: Iterable[int] = (0, 1)) -> None:
    """Raise NothingToJudgeError unless the tool had files and ended with a code of a verdict."""
    if not ran.files:
        raise unread(tool, "No files were passed to it.")
    if ran.code not in codes:
        words = (ran.stderr.strip() or ran.stdout.strip() or "No output.").splitlines()
        raise unread(tool, f"It exited with code {ran.code}: {words[-1]}")


def require_all(tool: str, ran: ToolResult, judged: int) -> None:
    """Raise NothingToJudgeError unless the tool judged every file that it was given."""
    if judged != ran.files:
        raise unread(tool, f"It was passed {ran.files} files and reported on {judged}.")


def require_agreement(tool: str, ran: ToolResult, found: bool) -> None:
    """Raise NothingToJudgeError if the exit code and the findings contradict each other."""
    if (ran.code != 0) != found:
        seen = "findings" if found else "no findings"
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
