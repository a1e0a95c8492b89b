"""What actionlint, zizmor, hadolint and shellcheck said: exact findings, and exact refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from towpath.checks.lint.readers import actionlint, checkstyle, zizmor
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Exclusion, Finding, ToolResult

WORKFLOW = ".github/workflows/a b.yml"
NO_FILE = "No files were passed to it."
NO_FINDING = "It exited with code 1 and reported no findings."
FOUND = "It exited with code 0 and reported findings."
PASSED_OVER = "It was passed 2 files and reported on 1."


def refused(read: Callable[[ToolResult], object], ran: ToolResult) -> list[str]:
    """Return what a reader says that refuses."""
    with pytest.raises(NothingToJudgeError) as caught:
        read(ran)
    return caught.value.lines()


def lines(tool: str, why: str) -> list[str]:
    """Return all that is said of a tool that produced no usable result."""
    log = f"next: See its output in reports/logs/{tool}.log."
    return [f"{tool} produced no usable result.", f"why: {why}", log]


READ = f"verbose: Linting {WORKFLOW}\nverbose: Found total 1 errors in 50 ms for {WORKFLOW}\n"
BLIND = 'verbose: Rule "shellcheck" was disabled: not found\n'
WRONG = {"filepath": WORKFLOW, "line": 3, "kind": "runner-label", "message": "unknown", "column": 1}


def test_actionlint_names_the_place() -> None:
    """And its kind of rule; a file that it names twice is one."""
    ran = ToolResult(1, json.dumps([WRONG]), READ * 2, 1)

    assert actionlint.read_actionlint(ran) == [Finding(WORKFLOW, 3, "runner-label", "unknown")]
    assert actionlint.read_actionlint(ToolResult(0, "[]", READ, 1)) == []


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "[]", READ, 0), NO_FILE),
        (ToolResult(3, "", "no such option", 1), "It exited with code 3: no such option"),
        (ToolResult(0, "", READ, 1), "No output."),
        (ToolResult(0, "{}", READ, 1), "Its output is a JSON dict, not an array."),
        (
            ToolResult(1, "[{}]", READ, 1),
            "Unexpected report format: the field 'filepath' is missing.",
        ),
        (
            ToolResult(1, json.dumps([WRONG | {"line": "x"}]), READ, 1),
            "Unexpected report format: invalid literal for int() with base 10: 'x'.",
        ),
        (ToolResult(0, "[]", BLIND + READ, 1), "It did not read the scripts: not found"),
        (ToolResult(0, "[]", READ, 2), PASSED_OVER),
        (ToolResult(1, "[]", READ, 1), NO_FINDING),
        (ToolResult(0, json.dumps([WRONG]), READ, 1), FOUND),
    ],
)
def test_actionlint_without_a_verdict(ran: ToolResult, why: str) -> None:
    """Not run, silent, half, without shellcheck, a file passed over, or not of one mind."""
    assert refused(actionlint.read_actionlint, ran) == lines("actionlint", why)


AUDITED = f" INFO zizmor: v1\n INFO audit: zizmor: * completed {WORKFLOW}\n"


def spot(kind: str, row: object, note: str = "here") -> dict[str, Any]:
    """Return a place as zizmor reports it."""
    key = {"Local": {"verbatim_path": WORKFLOW}}
    return {
        "symbolic": {"kind": kind, "key": key, "annotation": note},
        "concrete": {"location": {"start_point": {"row": row, "column": 0}}},
    }


def audit(**more: Any) -> dict[str, Any]:
    """Return a finding as zizmor reports it."""
    row = {
        "ident": "dangerous-triggers",
        "desc": "a bad trigger",
        "determinations": {"severity": "High"},
        "locations": [spot("Hidden", 0, "no"), spot("Primary", 1)],
        "ignored": False,
    }
    return row | more


def test_zizmor_names_the_primary_place() -> None:
    """Its lines begin at 0, ours at 1; what a comment accepts does not count."""
    ran = ToolResult(14, json.dumps([audit(), audit(ignored=True)]), AUDITED * 2, 1)

    assert zizmor.read_zizmor(ran) == [
        Finding(WORKFLOW, 2, "dangerous-triggers", "a bad trigger: here", "high"),
        Exclusion(WORKFLOW, "dangerous-triggers is ignored in line 2"),
    ]
    assert zizmor.read_zizmor(ToolResult(0, "[]", AUDITED, 1)) == []


@pytest.mark.parametrize("code", [10, 11, 12, 13, 14])
def test_zizmor_may_end_with_the_worst_severity(code: int) -> None:
    """Each of them is an answer."""
    assert len(zizmor.read_zizmor(ToolResult(code, json.dumps([audit()]), AUDITED, 1))) == 1


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "[]", AUDITED, 0), NO_FILE),
        (ToolResult(1, "", "fatal", 1), "It exited with code 1: fatal"),
        (ToolResult(0, "", AUDITED, 1), "No output."),
        (
            ToolResult(14, "[{}]", AUDITED, 1),
            "Unexpected report format: the field 'ignored' is missing.",
        ),
        (
            ToolResult(14, json.dumps([audit(locations=[spot("Hidden", 0)])]), AUDITED, 1),
            "Unexpected report format: an entry is missing.",
        ),
        (ToolResult(0, "[]", AUDITED, 2), PASSED_OVER),
        (ToolResult(14, "[]", AUDITED, 1), "It exited with code 14 and reported no findings."),
        (ToolResult(0, json.dumps([audit()]), AUDITED, 1), FOUND),
    ],
)
def test_zizmor_without_a_verdict(ran: ToolResult, why: str) -> None:
    """Not run, silent, half, without a place, a file passed over, or not of one mind."""
    assert refused(zizmor.read_zizmor, ran) == lines("zizmor", why)


def style(*files: tuple[str, str]) -> str:
    """Return a report in the Checkstyle format: errors by file."""
    inner = "".join(f'<file name="{name}">{errors}</file>' for name, errors in files)
    return f'<?xml version="1.0"?><checkstyle version="4.3">{inner}</checkstyle>'


ERROR = '<error line="2" column="1" severity="info" message="bad" source="ShellCheck.SC2086"/>'
SYNTAX = '<error line="1" column="1" severity="error" message="unexpected"/>'
TOOLS: Mapping[str, Callable[[ToolResult], list[Finding]]] = {
    "hadolint": checkstyle.hadolint,
    "shellcheck": checkstyle.shellcheck,
}


@pytest.mark.parametrize("read", TOOLS.values())
def test_findings_of_every_level_count(read: Callable[[ToolResult], list[Finding]]) -> None:
    """A good file is named too; what cannot be parsed has no code of its own."""
    report = style(("run", ERROR + SYNTAX), ("good", ""))

    assert read(ToolResult(1, report, "", 2)) == [
        Finding("run", 2, "SC2086", "bad"),
        Finding("run", 1, "DL1000", "unexpected"),
    ]
    assert read(ToolResult(0, style(("run", "")), "", 1)) == []


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, style(), "", 0), NO_FILE),
        (ToolResult(2, "", "cannot open", 1), "It exited with code 2: cannot open"),
        (ToolResult(0, " ", "", 1), "No output."),
        (
            ToolResult(0, "<checkstyle", "", 1),
            "Its report is not valid XML: unclosed token: line 1, column 0.",
        ),
        (
            ToolResult(1, style(("run", "<error line='1'/>")), "", 1),
            "Unexpected report format: the field 'message' is missing.",
        ),
        (
            ToolResult(0, "<html><file name='run'/></html>", "", 1),
            "It was passed 1 files and reported on 0.",
        ),
        (ToolResult(0, style(("run", ""), ("run", "")), "", 2), PASSED_OVER),
        (ToolResult(1, style(("run", "")), "", 1), NO_FINDING),
    ],
)
@pytest.mark.parametrize("tool", TOOLS)
def test_checkstyle_without_a_verdict(tool: str, ran: ToolResult, why: str) -> None:
    """Not run, silent, half, something else, a file passed over, or not of one mind."""
    assert refused(TOOLS[tool], ran) == lines(tool, why)


def test_shellcheck_that_names_findings_and_ends_well_gives_no_verdict() -> None:
    """Nothing in its settings makes it end so."""
    ran = ToolResult(0, style(("run", ERROR)), "", 1)

    assert refused(checkstyle.shellcheck, ran) == lines("shellcheck", FOUND)


def test_what_hadolint_found_counts_however_its_settings_make_it_end() -> None:
    """`no-fail` and `failure-threshold` end it with 0, `format` writes another report before."""
    report = style(("run", ERROR))
    other = '[{"code":"SC2086","file":"run","message":"<?xml bad"}]\n'

    for ran in (
        ToolResult(0, report, "", 1),
        ToolResult(0, other + report, "", 1),
        ToolResult(1, report, "", 1),
    ):
        assert checkstyle.hadolint(ran) == [Finding("run", 2, "SC2086", "bad")]
