"""Statements: read back as written; what is not a complete one is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from towpath import gates
from towpath.core.errors import NothingToJudgeError
from towpath.core.subject import Subject
from towpath.evidence import statement as evidence
from towpath.evidence.statement import Statement
from towpath.gates import Status

COMMIT = Subject.commit("c" * 40, "t" * 40)
VERDICTS = evidence.verdict_rows(
    gates.judge("lint", {"issues": 0, "complexity": 3, "maintainability": 50})
)
GOOD = Statement(
    stage="lint",
    subject=COMMIT,
    status=Status.PASSED,
    started="2026-11-24T21:00:00Z",
    duration=1.5,
    policy="p",
    inputs="i",
    facts={"issues": 0},
    verdicts=VERDICTS,
    tools={"mypy": "2"},
    artifacts={"reports/a.xml": "0" * 64},
)


def test_a_statement_is_read_back_as_written() -> None:
    """Every field survives, and so does the hash."""
    again = evidence.decode(GOOD.encode(), "x.json")

    assert again == GOOD
    assert again.sha256 == GOOD.sha256


def test_the_bytes_are_canonical_in_toto() -> None:
    """Sorted keys, no spaces, the types of the specification."""
    document = json.loads(GOOD.encode())

    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["subject"] == [
        {"name": "source", "digest": {"gitCommit": "c" * 40, "gitTree": "t" * 40}}
    ]
    assert GOOD.encode() == json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def test_an_image_is_a_subject_by_its_bare_digest() -> None:
    """In-toto names the algorithm in the key."""
    assert Subject.image("r/a", "sha256:" + "1" * 64) == Subject("r/a", {"sha256": "1" * 64})


def changed(**more: Any) -> bytes:
    """Return the good statement with some of its top level replaced."""
    return json.dumps(GOOD.as_json() | more).encode()


PREDICATE = GOOD.as_json()["predicate"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        changed(_type="https://example.com/other"),
        changed(predicateType="https://example.com/other"),
        changed(subject=[]),
        changed(subject=GOOD.as_json()["subject"] * 2),
        changed(predicate=None),
        changed(predicate={}),
        changed(predicate=PREDICATE | {"status": "fine"}),
        changed(predicate=PREDICATE | {"surprise": 1}),
        changed(predicate={key: PREDICATE[key] for key in PREDICATE if key != "policy"}),
    ],
)
def test_what_is_no_whole_statement_is_refused(raw: bytes) -> None:
    """Half, foreign, or with a field too few or too many."""
    with pytest.raises(NothingToJudgeError) as caught:
        evidence.decode(raw, "x.json")

    assert caught.value.what == "x.json is not valid evidence."


def test_reasons_are_those_of_what_did_not_pass() -> None:
    """In one line, empty where all passed."""
    assert (
        evidence.reasons(gates.judge("lint", {"issues": 0, "complexity": 3, "maintainability": 50}))
        == ""
    )
    assert evidence.reasons(gates.judge("lint", {"issues": 1})) == (
        "issues is 1; required: LINT <= 0; complexity: not reported; maintainability: not reported"
    )


def test_a_commit_is_a_subject_of_the_source() -> None:
    """With commit and tree, as in-toto names them."""
    assert COMMIT == Subject("source", {"gitCommit": "c" * 40, "gitTree": "t" * 40})


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (changed(_type="other"), f"its _type is 'other', not {evidence.STATEMENT_TYPE}"),
        (
            changed(predicateType="https://towpath.dev/evidence/v2"),
            "its predicateType is 'https://towpath.dev/evidence/v2', not"
            " https://towpath.dev/evidence/v1",
        ),
        (b"{}", "it is not an in-toto statement, version 1"),
    ],
)
def test_a_refused_statement_says_why_and_what_to_do(raw: bytes, why: str) -> None:
    """It is enough to run the stage again."""
    with pytest.raises(NothingToJudgeError) as caught:
        evidence.decode(raw, "x.json")

    assert caught.value.lines() == [
        "x.json is not valid evidence.",
        f"why: {why}",
        "next: Run the stage again: it replaces its own evidence.",
    ]


REST = {"complexity": 3, "maintainability": 50}


def test_reasons_end_with_a_detail_where_there_are_any() -> None:
    """A detail of nothing is nothing."""
    assert evidence.reasons(gates.judge("lint", {"issues": 0, **REST}), "a.py:1") == ""
    assert evidence.reasons(gates.judge("lint", {"issues": 1, **REST}), "a.py:1") == (
        "issues is 1; required: LINT <= 0: a.py:1"
    )
