"""Statements: read back as written, and believed only about this subject under this policy."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from towpath import evidence, gates
from towpath.errors import NothingToJudgeError
from towpath.evidence import Statement, Subject
from towpath.gates import Status

COMMIT = Subject.commit("c" * 40, "t" * 40)
VERDICTS = evidence.verdict_rows(gates.judge("lint", {"issues": 0, "complexity": 3}))
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

    assert caught.value.what == "x.json is not readable evidence."


def test_running_again_is_visible() -> None:
    """The second attempt names the first; another subject or policy begins anew."""
    assert evidence.next_attempt(None, COMMIT, "p") == (1, "")
    assert evidence.next_attempt(GOOD, COMMIT, "p") == (2, GOOD.sha256)
    assert evidence.next_attempt(GOOD, COMMIT, "other") == (1, "")
    assert evidence.next_attempt(GOOD, Subject.commit("d" * 40, "t" * 40), "p") == (1, "")


@pytest.mark.parametrize(
    ("statement", "inputs", "policy", "holds"),
    [
        (GOOD, "i", "p", True),
        (GOOD, "j", "p", False),
        (GOOD, "i", "q", False),
        (replace(GOOD, status=Status.FAILED), "i", "p", False),
        (replace(GOOD, status=Status.ERRORED), "i", "p", False),
        (None, "i", "p", False),
    ],
)
def test_only_a_pass_on_the_same_inputs_is_reused(
    statement: Statement | None, inputs: str, policy: str, holds: bool
) -> None:
    """Never a failure, never under another policy."""
    assert evidence.reusable(statement, inputs, policy) is holds


def test_a_statement_that_fits_has_no_objection() -> None:
    """Commit and tree are its own, the policy is in force."""
    assert evidence.objections(GOOD, COMMIT.digest, "p") == []
    assert evidence.objections(replace(GOOD, verdicts=()), COMMIT.digest, "p") == []


@pytest.mark.parametrize(
    ("statement", "subject", "policy", "wanted"),
    [
        (GOOD, {"gitTree": "x"}, "p", f"lint: speaks of gitTree {'t' * 40}, not x"),
        (GOOD, {"sha256": "x"}, "p", "lint: speaks of sha256 nothing, not x"),
        (GOOD, {}, "q", "lint: was judged under another policy"),
        (
            replace(GOOD, attempt=2),
            {},
            "p",
            "lint: attempt 2 does not name the one it repeats",
        ),
        (
            replace(GOOD, verdicts=({"status": "failed"},)),
            {},
            "p",
            "lint: says passed, its verdicts do not",
        ),
        (
            replace(GOOD, verdicts=({"status": "passed"}, {"status": "errored"})),
            {},
            "p",
            "lint: says passed, its verdicts do not",
        ),
    ],
)
def test_a_statement_that_does_not_fit_is_objected_to(
    statement: Statement, subject: dict[str, str], policy: str, wanted: str
) -> None:
    """One reason for each thing that is wrong."""
    assert evidence.objections(statement, subject, policy) == [wanted]


def test_reasons_are_those_of_what_did_not_pass() -> None:
    """In one line, empty where all passed."""
    assert evidence.reasons(gates.judge("lint", {"issues": 0, "complexity": 3})) == ""
    assert evidence.reasons(gates.judge("lint", {"issues": 1})) == (
        "issues is 1, wanted LINT <= 0; complexity: no fact"
    )
