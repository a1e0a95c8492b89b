"""What a project leaves out on purpose is named; the rest is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from towpath.checks.lint.linters_commands import LINTERS, READS, Linter
from towpath.core.errors import NothingToJudgeError
from towpath.checks.lint.readers import bandit
from towpath.checks.lint.readers import black
from towpath.checks.lint.readers import flake8
from towpath.checks.lint.readers import isort
from towpath.core.findings import Finding, Exclusion, ToolResult

Reader = Callable[[ToolResult], Sequence[object]]

VERBOSE = (
    "Identified `/shop` as project root containing a .git directory.\n"
    "Using configuration from project root.\nforce_exclude: migrations\nquiet: True\n"
    'Found input source: "a.py"\n'
)
IGNORED = "m/0001.py ignored: matches the --force-exclude regular expression\n"
COUNTED = "0.08       seconds elapsed\n{} total files processed\n"
EXCLUDED = "EXCLUDED: m/0001.py (the settings exclude it)\n"
NOQA = "EXCLUDED: a: 1.py (a comment in it says flake8: noqa)\n"
NOSEC = (
    '{"errors": [], "results": [], "metrics": {"_totals": {"nosec": 3, "skipped_tests": 1}, %s}}'
)


@pytest.mark.parametrize(
    ("read", "ran", "wanted"),
    [
        (
            black.read_black,
            ToolResult(
                1,
                "",
                f"{VERBOSE}{IGNORED}would reformat a.py\nb.py already well formatted, good job.\n"
                "\nOh no!\n1 file would be reformatted, 1 file would be left unchanged.\n",
                3,
            ),
            [
                Finding("a.py", 0, "BLACK", "would be reformatted"),
                Exclusion("m/0001.py", "matches the --force-exclude regular expression"),
            ],
        ),
        (
            black.read_black,
            ToolResult(0, "", f"{IGNORED}No Python files are present to be formatted.\n", 1),
            [Exclusion("m/0001.py", "matches the --force-exclude regular expression")],
        ),
        (
            isort.read_isort,
            ToolResult(
                1,
                "ERROR: a.py Imports are incorrectly sorted and/or formatted.\n"
                "EXCLUDED: b c.py (a comment in it says isort: skip_file)\n",
                "",
                2,
            ),
            [
                Finding("a.py", 0, "ISORT", "imports are out of order"),
                Exclusion("b c.py", "a comment in it says isort: skip_file"),
            ],
        ),
        (
            flake8.read_flake8,
            ToolResult(1, f"a.py:1:1: F401 'os'\n{NOQA}{EXCLUDED}{COUNTED.format(2)}", "", 3),
            [
                Finding("a.py", 1, "F401", "'os'"),
                Exclusion("a: 1.py", "a comment in it says flake8: noqa"),
                Exclusion("m/0001.py", "the settings exclude it"),
            ],
        ),
        (
            bandit.read_bandit,
            ToolResult(
                0,
                NOSEC
                % '"./a.py": {"nosec": 2, "skipped_tests": 1}, "b.py": {"nosec": 0}, "c.py": {}',
                "",
                3,
            ),
            [Exclusion("a.py", "# nosec left out a finding: 3 x")],
        ),
    ],
)
def test_what_is_left_out_is_named_beside_what_was_found(
    read: Reader, ran: ToolResult, wanted: list[object]
) -> None:
    """The rest is judged as ever."""
    assert list(read(ran)) == wanted


@pytest.mark.parametrize(
    ("read", "ran"),
    [
        (black.read_black, ToolResult(0, "", f"{IGNORED}1 file would be left unchanged.\n", 3)),
        (flake8.read_flake8, ToolResult(0, f"{EXCLUDED}{COUNTED.format(1)}", "", 3)),
        (flake8.read_flake8, ToolResult(0, f"{NOQA}{COUNTED.format(1)}", "", 2)),
        (isort.read_isort, ToolResult(0, "EXCLUDED: b.py (a comment)\n", "", 2)),
    ],
)
def test_a_file_that_is_neither_judged_nor_named_gives_no_verdict(
    read: Reader, ran: ToolResult
) -> None:
    """Left out on purpose is not the same as passed over."""
    with pytest.raises(NothingToJudgeError, match="produced no usable result"):
        read(ran)


@pytest.mark.parametrize(
    ("file", "line", "python"),
    [
        ("app/CVSExport.py", "", True),
        (".github/scripts/release.py", "", True),
        ("app/stubs.pyi", "", True),
        ("bin/deploy", "#!/usr/bin/env python3", True),
        ("bin/deploy", "#!/usr/bin/python3.12 -u", True),
        ("bin/deploy", "#!/usr/bin/env -S python -u", True),
        ("bin/deploy", "#! /opt/venv/bin/python", True),
        ("bin/deploy", "#!/bin/sh", False),
        ("bin/deploy", "#!/usr/bin/env pythonic", False),
        ("bin/deploy.txt", "#!/usr/bin/env python3", False),
    ],
)
def test_python_is_known_by_its_ending_or_its_first_line(
    file: str, line: str, python: bool
) -> None:
    """A script is judged too, and a stub."""
    assert READS["python"](file, lambda _: line) is python


def test_only_what_can_be_imported_is_given_to_mypy() -> None:
    """A stub beside its module would be a second module of that name."""
    (mypy,) = [row for row in LINTERS if row.name == "mypy"]

    assert mypy.files(["a.py", "a.pyi", "run"], lambda _: "#!/usr/bin/env python3", ()) == ["a.py"]


@pytest.mark.parametrize("tool", LINTERS, ids=lambda tool: tool.name)
def test_a_name_is_never_taken_for_an_option(tool: Linter) -> None:
    """One that begins with a dash is given with its directory."""
    assert tool.argv("/v/bin/python", ["-rf.py", "a.py"])[-2:] == ["./-rf.py", "a.py"]
