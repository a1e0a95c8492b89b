"""The truth table of the linters: for each, what passes, what fails, and what is no verdict."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from towpath.checks.lint.readers import bandit, black, flake8, isort, mypy, radon
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Finding, ToolResult

Reader = Callable[[ToolResult], Sequence[object]]

METRICS = {"_totals": {}, "a.py": {}, "b.py": {}}
HIGH = {
    "filename": "./a.py",
    "line_number": 3,
    "test_id": "B602",
    "issue_text": "shell=True",
    "issue_severity": "HIGH",
}
BENCHMARK = "0.08       seconds elapsed\n7          total logical lines processed\n"
COUNTED = BENCHMARK + "2          total files processed\n47         files processed per second\n"
BLOCK = {"type": "function", "name": "f", "lineno": 2, "complexity": 4, "closures": []}


def report(results: Sequence[Any] = (), errors: Sequence[Any] = (), **more: Any) -> str:
    """Return a report of bandit about two files."""
    document = {"errors": list(errors), "metrics": METRICS, "results": list(results)}
    return json.dumps(document | more)


# A machine on which it took 115 seconds.
SLOW = COUNTED.replace("0.08       seconds", "1.15e+02   seconds")
GOOD: list[tuple[Reader, ToolResult]] = [
    (flake8.read_flake8, ToolResult(0, SLOW, "", 2)),
    (black.read_black, ToolResult(0, "", "All done!\n2 files would be left unchanged.\n", 2)),
    (black.read_black, ToolResult(0, "", "All done!\n1 file would be left unchanged.\n", 1)),
    (
        isort.read_isort,
        ToolResult(
            0,
            "SUCCESS: /x/a.py Everything Looks Good!\nSUCCESS: /x/b.py Everything Looks Good!",
            "",
            2,
        ),
    ),
    (flake8.read_flake8, ToolResult(0, COUNTED, "", 2)),
    (mypy.read_mypy, ToolResult(0, "Success: no issues found in 2 source files\n", "", 2)),
    (mypy.read_mypy, ToolResult(0, "Success: no issues found in 1 source file\n", "", 1)),
    (
        mypy.read_mypy,
        ToolResult(
            0, "a.py:1: note: Revealed\nSuccess: no issues found in 2 source files\n", "", 2
        ),
    ),
    (bandit.read_bandit, ToolResult(0, report(), "", 2)),
]


@pytest.mark.parametrize(("read", "ended"), GOOD)
def test_clean_output_is_no_finding(read: Reader, ended: ToolResult) -> None:
    """A tool that judged every file and found nothing passes."""
    assert list(read(ended)) == []


BAD: list[tuple[Reader, ToolResult, list[Finding]]] = [
    (
        black.read_black,
        ToolResult(
            1,
            "",
            "would reformat a b.py\n\nOh no!\n1 file would be reformatted, "
            "1 file would be left unchanged.\n",
            2,
        ),
        [Finding("a b.py", 0, "BLACK", "would be reformatted")],
    ),
    (
        isort.read_isort,
        ToolResult(
            1,
            "SUCCESS: /x/a.py Everything Looks Good!\n",
            "ERROR: /x/b.py Imports are incorrectly sorted and/or formatted.\n",
            2,
        ),
        [Finding("/x/b.py", 0, "ISORT", "imports are out of order")],
    ),
    (
        flake8.read_flake8,
        ToolResult(1, "a.py:1:80: E501 line too long\nb.py:2:1: TWP4 no\n" + COUNTED, "", 2),
        [Finding("a.py", 1, "E501", "line too long"), Finding("b.py", 2, "TWP4", "no")],
    ),
    (
        mypy.read_mypy,
        ToolResult(
            1,
            "a.py:4: error: Bad type  [arg-type]\na.py:4: note: See the docs\n"
            "b.py: error: Whole file\nFound 2 errors in 2 files (checked 2 source files)\n",
            "",
            2,
        ),
        [Finding("a.py", 4, "arg-type", "Bad type"), Finding("b.py", 0, "mypy", "Whole file")],
    ),
    (
        bandit.read_bandit,
        ToolResult(1, report([HIGH]), "", 2),
        [Finding("a.py", 3, "B602", "shell=True", "high")],
    ),
]


@pytest.mark.parametrize(("read", "ended", "wanted"), BAD)
def test_findings_are_read_with_their_places(
    read: Reader, ended: ToolResult, wanted: list[Finding]
) -> None:
    """A tool that found something names where and what."""
    assert list(read(ended)) == wanted


READERS: list[Reader] = [
    bandit.read_bandit,
    black.read_black,
    flake8.read_flake8,
    isort.read_isort,
    mypy.read_mypy,
    radon.read_radon,
]
NO_VERDICT = [
    pytest.param(ToolResult(1, "", "No module named tool", 2), id="missing"),
    pytest.param(ToolResult(-1, "", "could not be started", 2), id="not started"),
    pytest.param(ToolResult(-11, "", "", 2), id="crashed"),
    pytest.param(ToolResult(3, "Traceback", "", 2), id="another exit code"),
    pytest.param(ToolResult(0, "", "", 2), id="empty"),
    pytest.param(ToolResult(1, "", "", 2), id="empty and failed"),
    pytest.param(ToolResult(0, "{}", "", 0), id="no files"),
    pytest.param(ToolResult(0, '{"errors": [', "", 2), id="half a document"),
]


@pytest.mark.parametrize("ended", NO_VERDICT)
@pytest.mark.parametrize("read", READERS)
def test_a_tool_that_did_not_judge_is_never_clean(read: Reader, ended: ToolResult) -> None:
    """Missing, crashed, silent, without files or half done: no verdict, for every linter."""
    with pytest.raises(NothingToJudgeError):
        read(ended)


CONTRADICTIONS: list[tuple[Reader, ToolResult]] = [
    (black.read_black, ToolResult(0, "", "1 file would be left unchanged.\n", 2)),
    (black.read_black, ToolResult(1, "", "2 files would be left unchanged.\n", 2)),
    (
        black.read_black,
        ToolResult(1, "", "1 file would be reformatted, 1 file would be left unchanged.", 2),
    ),
    (black.read_black, ToolResult(0, "", "would reformat a\nwould reformat b\n", 2)),
    (
        isort.read_isort,
        ToolResult(0, "SUCCESS: /x/a.py Everything Looks Good!\n", "Broken 1 paths", 2),
    ),
    (flake8.read_flake8, ToolResult(0, BENCHMARK, "", 2)),
    (flake8.read_flake8, ToolResult(1, COUNTED, "", 2)),
    (
        flake8.read_flake8,
        ToolResult(1, "a.py:1:1: E1 x\nTraceback (most recent call last)\n" + COUNTED, "", 2),
    ),
    (flake8.read_flake8, ToolResult(0, COUNTED, "", 3)),
    (mypy.read_mypy, ToolResult(0, "Success: no issues found in 2 source files\n", "", 3)),
    (mypy.read_mypy, ToolResult(1, "Success: no issues found in 2 source files\n", "", 2)),
    (mypy.read_mypy, ToolResult(1, "Found 1 error in 1 file (checked 2 source files)\n", "", 2)),
    (
        mypy.read_mypy,
        ToolResult(1, "mypy: surprise\nFound 1 error in 1 file (checked 2 source files)\n", "", 2),
    ),
    (
        mypy.read_mypy,
        ToolResult(
            2,
            "a.py:1: error: x\nFound 1 error in 1 file (errors prevented further checking)",
            "",
            2,
        ),
    ),
    (bandit.read_bandit, ToolResult(0, report([HIGH]), "", 2)),
    (bandit.read_bandit, ToolResult(1, report(), "", 2)),
    (bandit.read_bandit, ToolResult(0, report(), "", 3)),
    (
        bandit.read_bandit,
        ToolResult(0, report(errors=[{"filename": "a.py", "reason": "syntax error"}]), "", 2),
    ),
    (bandit.read_bandit, ToolResult(1, report([{**HIGH, "issue_severity": "WEIRD"}]), "", 2)),
    (bandit.read_bandit, ToolResult(0, '{"errors": []}', "", 2)),
]


@pytest.mark.parametrize(("read", "ended"), CONTRADICTIONS)
def test_output_that_contradicts_itself_is_no_verdict(read: Reader, ended: ToolResult) -> None:
    """Counts, names and exit codes that do not agree are not believed."""
    with pytest.raises(NothingToJudgeError):
        read(ended)


def test_bandit_counts_by_severity() -> None:
    """Bandit knows no critical; what it cannot rate counts as high."""
    rows = [HIGH, {**HIGH, "issue_severity": "UNDEFINED"}, {**HIGH, "issue_severity": "LOW"}]
    found = bandit.read_bandit(ToolResult(1, report(rows), "", 2))

    assert bandit.by_severity(found) == {"critical": 0, "high": 2, "medium": 0, "low": 1}


def test_radon_names_the_worst_function_first() -> None:
    """Methods and inner functions count; the mean of a class does not."""
    blocks = [
        {"type": "class", "name": "C", "lineno": 1, "complexity": 99},
        {**BLOCK, "closures": [{**BLOCK, "name": "inner", "complexity": 12}]},
        {**BLOCK, "type": "method", "name": "m", "complexity": 7},
    ]
    found = radon.read_radon(ToolResult(0, json.dumps({"a.py": blocks, "b.py": [BLOCK]}), "", 2))

    assert [row.complexity for row in found] == [12, 7, 4, 4]
    assert str(found[0]) == "a.py:2 inner has complexity 12"


@pytest.mark.parametrize(
    "document",
    [
        {"a.py": {"error": "invalid syntax"}},
        {"a.py": [BLOCK], "b.py": {"error": "invalid syntax"}},
        {"a.py": [{"type": "function"}]},
        {"a.py": None},
        {"a.py": []},
        {},
    ],
)
def test_radon_that_could_not_read_a_file_gives_no_verdict(document: dict[str, Any]) -> None:
    """A file with a syntax error has no complexity of zero."""
    with pytest.raises(NothingToJudgeError):
        radon.read_radon(ToolResult(0, json.dumps(document), "", 2))
