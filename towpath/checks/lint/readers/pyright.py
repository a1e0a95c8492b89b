"""Read the report of `pyright --outputjson`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from towpath.core.findings import (
    Finding,
    ToolResult,
    document,
    require_agreement,
    require_ran,
    unexpected,
    unread,
)


def read_pyright(ran: ToolResult, root: str) -> list[Finding]:
    """Return the errors that pyright found, and which files of the project it left out is its own.

    Warnings and notes are no findings, as for pyright itself. Raises NothingToJudgeError for a
    crash, half a report, one that analyzed no file, and counts that do not agree.
    """
    require_ran("pyright", ran)
    report = document("pyright", ran.stdout)
    try:
        summary = report["summary"]
        files, errors = summary["filesAnalyzed"], summary["errorCount"]
        rows = [row for row in report["generalDiagnostics"] if row["severity"] == "error"]
        found = [_finding(row, root) for row in rows]
        if type(files) is not int or type(errors) is not int:
            raise TypeError("a count is not an integer")
    except (AttributeError, KeyError, TypeError) as error:
        raise unexpected("pyright", error) from error
    if files < 1:
        raise unread("pyright", "It analyzed no file.")
    if errors != len(found):
        raise unread("pyright", f"It counted {errors} errors, but listed {len(found)}.")
    require_agreement("pyright", ran, bool(found))
    return found


def _finding(row: Mapping[str, Any], root: str) -> Finding:
    path, rule, message = str(row["file"]), row.get("rule"), row["message"]
    line = row["range"]["start"]["line"] if "range" in row else -1
    if type(line) is not int:
        raise TypeError("a line is not an integer")
    short = path.removeprefix(f"{root}/")
    return Finding(short, line + 1, str(rule or "pyright"), str(message).partition("\n")[0])
