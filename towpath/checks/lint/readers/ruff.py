"""Read what ruff writes: the files it looks at, its findings as JSON, its format as a diff.

The diff is the one form in which every version names the files that it would format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from towpath.core.findings import (
    Finding,
    ToolResult,
    documents,
    require_agreement,
    require_ran,
    unexpected,
    unread,
)

SYNTAX, FORMAT = "invalid-syntax", "unformatted"
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@.*")
_COUNT = re.compile(r"^(\d+) files? would be reformatted", re.MULTILINE)
_START = "--- "


def read_files(ran: ToolResult, root: str) -> list[str]:
    """Return the files that ruff looks at, by `ruff check --show-files`, relative to `root`.

    Raises NothingToJudgeError if it did not run.
    """
    require_ran("ruff", ran, codes=(0,))
    return sorted({_below(line, root) for line in ran.stdout.splitlines() if line})


def read_ruff(ran: ToolResult, root: str, judged: Iterable[str]) -> list[Finding]:
    """Return what `ruff check --output-format=json` found in the files that it judged.

    Raises NothingToJudgeError for a crash, half a report, and one about other files.
    """
    require_ran("ruff", ran)
    found = [_finding(row, root) for row in documents("ruff", ran.stdout)]
    _require_known("ruff", found, set(judged))
    require_agreement("ruff", ran, bool(found))
    return found


def _finding(row: Mapping[str, Any], root: str) -> Finding:
    try:
        path, line = row["filename"], row["location"]["row"]
        code, message = row["code"] or SYNTAX, row["message"]
        if not isinstance(path, str) or type(line) is not int or not isinstance(code, str):
            raise TypeError("a path, a line or a code is of another type")
    except (AttributeError, KeyError, TypeError) as error:
        raise unexpected("ruff", error) from error
    return Finding(_below(path, root), line, code, str(message))


def read_format(ran: ToolResult, judged: Iterable[str]) -> list[Finding]:
    """Return the files that `ruff format --diff` would change.

    Raises NothingToJudgeError for a crash, a file with a syntax error, and a report whose counts
    do not agree.
    """
    tool = "ruff-format"
    require_ran(tool, ran)
    found = [
        Finding(path, 0, FORMAT, "the file would be reformatted")
        for path in _changed(ran.stdout.split("\n"))
    ]
    _require_known(tool, found, set(judged))
    count = _COUNT.search(ran.stderr)
    counted = int(count[1]) if count else 0
    if counted != len(found):
        raise unread(tool, f"It counted {counted} files and showed {len(found)}.")
    require_agreement(tool, ran, bool(found))
    return found


def _changed(lines: list[str]) -> Iterator[str]:
    """Yield the files of a unified diff; what a hunk counts is content, whatever it looks like."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if match := _HUNK.fullmatch(line):
            at = _after_hunk(lines, at + 1, int(match[1] or 1), int(match[2] or 1))
        elif line.startswith(_START) and lines[at + 1 : at + 2] == [f"+++ {line[len(_START) :]}"]:
            yield PurePath(line[len(_START) :]).as_posix()
            at += 2
        elif line.strip():
            raise unread("ruff-format", f"Unexpected line in its output: {line[:200]!r}")
        else:
            at += 1


def _after_hunk(lines: list[str], at: int, old: int, new: int) -> int:
    """Return where a hunk ends that has so many old and new lines."""
    while (old > 0 or new > 0) and at < len(lines):
        sign = lines[at][:1]
        old -= sign in ("-", " ", "")
        new -= sign in ("+", " ", "")
        if sign not in ("-", "+", " ", "\\", ""):
            raise unread("ruff-format", f"Unexpected line in a diff: {lines[at][:200]!r}")
        at += 1
    if old or new:
        raise unread("ruff-format", "A diff ends in the middle of a file.")
    return at


def _require_known(tool: str, found: list[Finding], judged: set[str]) -> None:
    for row in found:
        if row.path not in judged:
            raise unread(tool, f"It reported on {row.path[:200]}, which it was not asked about.")


def _below(path: str, root: str) -> str:
    return path.removeprefix(f"{root}/").removeprefix("./")
