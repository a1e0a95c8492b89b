"""Rows of linters are joined with what was known, strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from towpath.checks.lint import linters_commands as linters
from towpath.checks.lint import output as rows
from towpath.checks.records import ToolRecord
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Finding, ToolResult

BAD = ToolResult(1, "app/z.py:2:1: E501 long\n1          total files processed\n", "", 1)
KNOWN = {"path": "app/a.py", "line": 3, "code": "E1", "message": "m", "severity": ""}


def test_every_linter_of_the_table_has_a_reader() -> None:
    """One without would never be judged."""
    assert {tool.name for tool in linters.LINTERS} == set(rows.READERS)


def test_rows_are_sorted_whatever_was_known(tmp_path: Path) -> None:
    """By path and line: the same as of a run that was asked about all."""
    record = ToolRecord("flake8", "1", 1.0, BAD, cached=(KNOWN,), reused=1)

    found = rows.all_findings(tmp_path, record)

    assert found == [Finding("app/a.py", 3, "E1", "m"), Finding("app/z.py", 2, "E501", "long")]
    assert record.files == 2


def test_who_was_asked_about_nothing_needs_no_words(tmp_path: Path) -> None:
    """But who knows nothing either has no verdict."""
    nothing = ToolResult(0, "", "", 0)

    assert rows.all_findings(tmp_path, ToolRecord("mypy", "1", 0.0, nothing, reused=5)) == []
    with pytest.raises(NothingToJudgeError, match="mypy produced no usable result"):
        rows.all_findings(tmp_path, ToolRecord("mypy", "1", 0.0, nothing))


@pytest.mark.parametrize("row", [{}, {**KNOWN, "more": 1}])
def test_what_was_known_and_is_spoilt_is_no_verdict(tmp_path: Path, row: dict[str, object]) -> None:
    """It is never less than what was said."""
    with pytest.raises(NothingToJudgeError, match="flake8 produced no usable result"):
        rows.all_findings(tmp_path, ToolRecord("flake8", "1", 1.0, BAD, cached=(row,), reused=1))


def test_a_path_is_below_the_root(tmp_path: Path) -> None:
    """Isort names files with all of their directories."""
    said = f"ERROR: {tmp_path}/app/a.py Imports are incorrectly sorted and/or formatted.\n"

    (row,) = rows.read_findings(tmp_path, "isort", ToolResult(1, "", said, 1))

    assert row.path == "app/a.py"
