"""Ruff and pyright: what they write, and what is no verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest

from towpath.checks.lint.readers import pyright, ruff
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Finding, ToolResult

ROOT = "/p"
DIFF = """\
--- a.py
+++ a.py
@@ -1,3 +1,3 @@
 import os
+
 x = 1
--- b.py

--- c.py
+++ c.py
@@ -1 +1 @@
-z=1
+z = 1

"""


def row(**values: Any) -> dict[str, Any]:
    """Return a finding as ruff writes it."""
    found = {"code": "F401", "filename": "/p/a.py", "location": {"row": 3, "column": 1}}
    return {**found, "message": "`os` imported but unused", **values}


def check(rows: object, code: int = 1) -> list[Finding]:
    """Read rows of `ruff check` about two files."""
    ran = ToolResult(code, json.dumps(rows), "", 2)
    return ruff.read_ruff(ran, ROOT, {"a.py", "b.py"})


def test_findings_of_ruff_are_below_the_root_and_a_syntax_error_has_a_code() -> None:
    """Older versions name no code for it."""
    assert check([row(), row(code=None, filename="/p/b.py")]) == [
        Finding("a.py", 3, "F401", "`os` imported but unused"),
        Finding("b.py", 3, "invalid-syntax", "`os` imported but unused"),
    ]
    assert check([], code=0) == []


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row(filename="/p/c.py")], 1),
        ([row(filename="/elsewhere/a.py")], 1),
        ([row(filename=3)], 1),
        ([row(location={"row": "3"})], 1),
        ([row(location=None)], 1),
        (["a.py"], 1),
        ([row()], 0),
        ([], 1),
        ([], 2),
        ({}, 0),
    ],
)
def test_a_report_that_does_not_agree_is_no_verdict(rows: object, code: int) -> None:
    """Another file, another type, an exit code that says something else."""
    with pytest.raises(NothingToJudgeError):
        check(rows, code)


def test_the_files_that_ruff_looks_at() -> None:
    """Sorted, each once."""
    ran = ToolResult(0, "/p/b.py\n/p/a.py\n/p/b.py\n", "", 3)

    assert ruff.read_files(ran, ROOT) == ["a.py", "b.py"]


def test_a_line_of_code_that_looks_like_a_file_is_none() -> None:
    """What a hunk counts is content: here the old code is a comment of SQL, `-- b.py`."""
    ran = ToolResult(1, DIFF, "2 files would be reformatted\n", 3)

    found = ruff.read_format(ran, {"a.py", "b.py", "c.py"})

    assert [row.path for row in found] == ["a.py", "c.py"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (DIFF, "3 files would be reformatted"),
        ("--- a.py\n+++ a.py\n@@ -1,9 +1,9 @@\n x = 1", "1 file would be reformatted"),
        ("--- d.py\n+++ d.py\n@@ -1 +1 @@\n-x\n+y\n", "1 file would be reformatted"),
        ("something else\n", "1 file would be reformatted"),
        ("", "1 file would be reformatted"),
    ],
)
def test_a_diff_that_does_not_agree_is_no_verdict(text: str, count: str) -> None:
    """Its counts, its end, its files."""
    with pytest.raises(NothingToJudgeError):
        ruff.read_format(ToolResult(1, text, f"{count}\n", 3), {"a.py", "b.py", "c.py"})


def report(errors: int = 1, files: int = 2, **values: Any) -> str:
    """Return a report of pyright with one error and one warning."""
    place = {"start": {"line": 4, "character": 0}}
    error = {"file": "/p/a.py", "severity": "error", "message": "bad\nvery", "range": place}
    rows = [{**error, "rule": "reportX", **values}, {**error, "severity": "warning"}]
    return json.dumps(
        {"generalDiagnostics": rows, "summary": {"filesAnalyzed": files, "errorCount": errors}}
    )


def test_errors_of_pyright_count_and_warnings_do_not() -> None:
    """Its lines begin at zero."""
    found = pyright.read_pyright(ToolResult(1, report(), "", 2), ROOT)

    assert found == [Finding("a.py", 5, "reportX", "bad")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (report(errors=2), 1),
        (report(files=0), 1),
        (report(errors=True), 1),
        (report(range={"start": {"line": "x"}}), 1),
        (report(), 0),
        (report()[:90], 1),
        ("[]", 0),
        ("", 3),
    ],
)
def test_a_report_of_pyright_that_does_not_agree_is_no_verdict(text: str, code: int) -> None:
    """Counts, types, the exit code, half a document."""
    with pytest.raises(NothingToJudgeError):
        pyright.read_pyright(ToolResult(code, text, "", 2), ROOT)
