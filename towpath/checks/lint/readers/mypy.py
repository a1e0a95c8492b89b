"""Read mypy's plain output, which unlike its JSON has the number of checked files."""

from __future__ import annotations

import re

from towpath.core.findings import (
    Finding,
    ToolResult,
    require_agreement,
    require_all,
    require_ran,
    unread,
)

_FINDING = re.compile(r"(.+?):(?:(\d+):)?(?:\d+:)? (error|note): (.*?)(?:  \[([a-z0-9-]+)\])?")
_GOOD = re.compile(r"Success: no issues found in (\d+) source files?")
_BAD = re.compile(r"Found (\d+) errors? in \d+ files? \(checked (\d+) source files?\)")


def read_mypy(ran: ToolResult) -> list[Finding]:
    """Return the errors that mypy found; its notes belong to errors and are left out.

    Raises NothingToJudgeError if mypy crashed, stopped before the end (exit code 2), wrote a line
    of another form, or its summary does not agree with its lines.
    """
    require_ran("mypy", ran)
    *lines, summary = ran.stdout.splitlines() or [""]
    found = [finding for line in lines if (finding := _finding(line))]
    if good := _GOOD.fullmatch(summary):
        errors, checked = 0, int(good[1])
    elif bad := _BAD.fullmatch(summary):
        errors, checked = int(bad[1]), int(bad[2])
    else:
        raise unread("mypy", f"Its last line is not a summary: {summary!r}")
    if errors != len(found):
        raise unread("mypy", f"It counted {errors} errors, but listed {len(found)}.")
    require_all("mypy", ran, checked)
    require_agreement("mypy", ran, bool(found))
    return found


def _finding(line: str) -> Finding | None:
    match = _FINDING.fullmatch(line)
    if not match:
        raise unread("mypy", f"Unexpected line in its output: {line!r}")
    path, row, level, message, code = match.groups()
    if level == "note":
        return None
    return Finding(path, int(row or 0), code or "mypy", message)
