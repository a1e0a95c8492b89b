"""The strict ways to read: what says neither yes nor no raises."""

from __future__ import annotations

import pytest

from towpath.core import findings
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Finding, ToolResult


def ran(code: int = 0, *, files: int = 2, stdout: str = "", stderr: str = "") -> ToolResult:
    """Return how a tool ended."""
    return ToolResult(code, stdout, stderr, files)


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (ran(files=0), "It was given no file."),
        (ran(2, stderr="one\ntwo"), "It ended with exit code 2: two"),
        (ran(-9, stdout="half"), "It ended with exit code -9: half"),
        (ran(127), "It ended with exit code 127: It wrote no output."),
    ],
)
def test_a_tool_that_did_not_run_gives_no_verdict(ended: ToolResult, why: str) -> None:
    """No file, a crash, a signal and a missing program all raise, with the tool's last word."""
    with pytest.raises(NothingToJudgeError) as caught:
        findings.require_ran("tool", ended)

    assert caught.value.why == why
    assert caught.value.what == "tool gave no verdict."
    assert "reports/logs/tool.log" in caught.value.next_step


@pytest.mark.parametrize("code", [0, 1])
def test_the_exit_codes_of_a_verdict_are_taken(code: int) -> None:
    """0 and 1 are answers."""
    findings.require_ran("tool", ran(code))

    assert findings.document("tool", '{"a": 1}') == {"a": 1}


def test_a_file_that_was_passed_over_is_no_pass() -> None:
    """The tool must have judged as many files as it was given."""
    findings.require_all("tool", ran(files=3), 3)

    with pytest.raises(NothingToJudgeError) as caught:
        findings.require_all("tool", ran(files=3), 2)
    assert caught.value.why == "It was given 3 files and judged 2."


@pytest.mark.parametrize(("code", "found"), [(0, True), (1, False)])
def test_exit_code_and_findings_must_agree(code: int, found: bool) -> None:
    """A tool that fails without a finding, or finds and exits with 0, is not believed."""
    with pytest.raises(NothingToJudgeError):
        findings.require_agreement("tool", ran(code), found)

    findings.require_agreement("tool", ran(code), not found)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "It wrote nothing."),
        (" \n", "It wrote nothing."),
        ('{"a": ', "It wrote no whole JSON"),
        ("[]", "It wrote a JSON list, not an object."),
        ("null", "It wrote a JSON NoneType, not an object."),
    ],
)
def test_only_a_whole_object_is_a_document(text: str, why: str) -> None:
    """Empty, half and other JSON raise."""
    with pytest.raises(NothingToJudgeError) as caught:
        findings.document("tool", text)

    assert why in caught.value.why


def test_a_finding_names_its_place() -> None:
    """With a line where it has one."""
    assert str(Finding("a.py", 3, "E1", "bad")) == "a.py:3: E1 bad"
    assert str(Finding("a.py", 0, "E1", "bad")) == "a.py: E1 bad"


def test_silence_is_told_apart_from_broken_json() -> None:
    """In whole sentences."""
    with pytest.raises(NothingToJudgeError) as caught:
        findings.document("tool", "")

    assert caught.value.lines() == [
        "tool gave no verdict.",
        "why: It wrote nothing.",
        "next: Its own words are in reports/logs/tool.log.",
    ]
