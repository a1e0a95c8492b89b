"""Secrets in the tree: what was not looked at is no pass, and only a review excuses a finding."""

from __future__ import annotations

import json
from typing import Any

import pytest

from towpath.checks.security import secrets_reader as secrets
from towpath.checks.security.secrets_reader import Key
from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.core.findings import Exclusion, Finding, ToolResult

KEYWORD = Key("app/a.py", "Secret Keyword", "a1")
LOOKED = "[scan]\tINFO\tChecking file: app/a.py\n[scan]\tINFO\tSkipping secret due to `x`.\n"
PICTURE = (
    '[scan]\tINFO\tSkipping "app/mark.svg" due to '
    "`detect_secrets.filters.heuristic.is_non_text_file`\n"
)


def row(**more: Any) -> dict[str, Any]:
    """Return one finding as detect-secrets writes it."""
    return {"type": "Secret Keyword", "hashed_secret": "a1", "line_number": 3, **more}


def found(*rows: Any, plugins: Any = ({"name": "KeywordDetector"},)) -> str:
    """Return a report of detect-secrets."""
    return json.dumps({"plugins_used": list(plugins), "results": {"app/a.py": list(rows)}})


def test_a_tree_without_secrets_is_clean() -> None:
    """Every file was looked at; the tool has nothing to write, and a picture is left out."""
    said = secrets.read_secrets(ToolResult(0, "", LOOKED + PICTURE, 2), {})

    assert said == secrets.Secrets((), 0, (), scanned=1, skipped=1)


def test_a_secret_is_a_finding_on_its_line() -> None:
    """What it is and what to do, never the secret itself."""
    (finding,) = secrets.read_secrets(ToolResult(1, found(row()), LOOKED, 1), {}).findings

    assert finding == Finding(
        "app/a.py",
        3,
        "SECRET",
        "Secret Keyword: remove it, or have it reviewed as a false positive",
        "high",
    )


@pytest.mark.parametrize(
    ("review", "words"),
    [
        (None, "in .secrets.baseline, but not reviewed"),
        (True, "reviewed as a real secret: remove it from the file, and rotate it"),
    ],
)
def test_a_review_that_is_missing_or_says_yes_excuses_nothing(
    review: bool | None, words: str
) -> None:
    """To be in the baseline is not enough."""
    said = secrets.read_secrets(ToolResult(1, found(row()), LOOKED, 1), {KEYWORD: review})

    assert [finding.message for finding in said.findings] == [f"Secret Keyword: {words}"]
    assert said.reviewed == 0


def test_a_review_that_says_no_secret_excuses_its_finding_alone() -> None:
    """The line may move; another secret of the same file and kind is found."""
    report = found(row(line_number=9), row(hashed_secret="b2", line_number=10))
    said = secrets.read_secrets(ToolResult(1, report, LOOKED, 1), {KEYWORD: False})

    assert [finding.line for finding in said.findings] == [10]
    assert (said.reviewed, said.stale) == (1, ())


@pytest.mark.parametrize("review", [True, False, None])
def test_a_review_of_what_is_gone_is_told(review: bool | None) -> None:
    """With its file and kind, so that it can be taken out."""
    said = secrets.read_secrets(ToolResult(0, "", LOOKED, 1), {KEYWORD: review})

    assert said.stale == ("app/a.py: Secret Keyword",)
    assert (said.findings, said.reviewed) == ((), 0)


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(1, "", "No module named detect_secrets", 1), "reported on 0"),
        (ToolResult(-1, "", "Not found.", 1), "exited with code -1: Not found."),
        (ToolResult(2, "", "usage: no such option", 1), "exited with code 2"),
        (ToolResult(0, "", "", 1), "was passed 1 files and reported on 0"),
        (ToolResult(0, "", LOOKED, 2), "was passed 2 files and reported on 1"),
        (ToolResult(0, "", "", 0), "No files were passed"),
        (ToolResult(1, "", LOOKED, 1), "No output."),
        (ToolResult(1, found(row())[:40], LOOKED, 1), "not complete JSON"),
        (ToolResult(1, "[]", LOOKED, 1), "JSON list"),
        (ToolResult(1, "{}", LOOKED, 1), "the field 'plugins_used' is missing"),
        (ToolResult(1, found(row(), plugins=()), LOOKED, 1), "no detector"),
        (
            ToolResult(1, found({"type": "x"}), LOOKED, 1),
            "the field 'hashed_secret' is missing",
        ),
        (ToolResult(1, found(row(line_number="x")), LOOKED, 1), "format: invalid literal for int"),
        (
            ToolResult(1, json.dumps({"plugins_used": [1], "results": []}), LOOKED, 1),
            "a field is invalid",
        ),
        (ToolResult(1, found(), LOOKED, 1), "exited with code 1 and reported no findings"),
        (ToolResult(0, found(row()), LOOKED, 1), "exited with code 0 and reported findings"),
    ],
)
def test_what_says_neither_yes_nor_no_is_no_verdict(ran: ToolResult, why: str) -> None:
    """Missing, crashed, empty, half, without a detector, or not every file looked at."""
    with pytest.raises(NothingToJudgeError) as caught:
        secrets.read_secrets(ran, {})

    assert why in caught.value.why


def test_a_file_is_counted_once() -> None:
    """A second look makes no second file."""
    with pytest.raises(NothingToJudgeError):
        secrets.read_secrets(ToolResult(0, "", LOOKED * 2, 2), {})


def test_a_baseline_is_read_with_its_reviews() -> None:
    """No text is no entry."""
    text = json.dumps({"results": {"app/a.py": [row(is_secret=False)], "b.py": [row()]}})

    assert secrets.baseline("") == {}
    assert secrets.baseline(text) == {KEYWORD: False, Key("b.py", "Secret Keyword", "a1"): None}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"results": []}',
        '{"results": {"a": [{"type": "x"}]}}',
        json.dumps({"results": {"a": [row(is_secret="no")]}}),
        json.dumps({"results": {"a": [row(is_secret=0)]}}),
    ],
)
def test_what_is_no_baseline_is_a_mistake_of_configuration(text: str) -> None:
    """The message names the file and where to read how it is made."""
    with pytest.raises(
        ConfigurationError, match=r"\.secrets\.baseline is not a valid baseline"
    ) as caught:
        secrets.baseline(text)

    assert "docs/security.md" in caught.value.next_step


def test_what_a_comment_allows_is_named_by_its_file() -> None:
    """As detect-secrets says it, below the file that it is in."""
    skipped = (
        "[scan]\tINFO\tSkipping secret due to `detect_secrets.filters.allowlist"
        ".is_line_allowlisted`.\n"
    )
    log = (
        f"[scan]\tINFO\tChecking file: a b.py\n{skipped}{skipped}"
        f"[scan]\tINFO\tChecking file: c.py\n[scan]\tINFO\tChecking file: d.py\n{skipped}"
    )

    assert secrets.read_secrets(ToolResult(0, "", log, 3), {}).allowed == (
        Exclusion("a b.py", "pragma: allowlist secret excluded a secret: 2 x"),
        Exclusion("d.py", "pragma: allowlist secret excluded a secret: 1 x"),
    )
