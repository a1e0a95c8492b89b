"""Statements: read back as written, and believed only about this subject under this policy."""

from __future__ import annotations

import json
from dataclasses import replace
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
        (GOOD, {"gitTree": "x"}, "p", f"lint: is about gitTree {'t' * 40}, not x"),
        (GOOD, {"sha256": "x"}, "p", "lint: is about sha256 (none), not x"),
        (GOOD, {}, "q", "lint: was evaluated under another policy"),
        (
            replace(GOOD, attempt=2),
            {},
            "p",
            "lint: attempt 2 does not name the attempt that it repeats",
        ),
        (
            replace(GOOD, verdicts=({"status": "failed"},)),
            {},
            "p",
            "lint: is recorded as passed, but its verdicts are not",
        ),
        (
            replace(GOOD, verdicts=({"status": "passed"}, {"status": "errored"})),
            {},
            "p",
            "lint: is recorded as passed, but its verdicts are not",
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
    assert (
        evidence.reasons(gates.judge("lint", {"issues": 0, "complexity": 3, "maintainability": 50}))
        == ""
    )
    assert evidence.reasons(gates.judge("lint", {"issues": 1})) == (
        "issues is 1; required: LINT <= 0; complexity: not reported; maintainability: not reported"
    )


OTHER = Subject.commit("d" * 40, "u" * 40)
CARRIED = evidence.carry_over(GOOD, OTHER)


def test_a_carried_statement_says_of_another_commit_what_was_measured_before() -> None:
    """It names the statement that it rests on, and keeps its facts, its time and its inputs."""
    assert CARRIED.subject == OTHER
    assert CARRIED.carries == {"sha256": GOOD.sha256, **COMMIT.digest}
    assert replace(CARRIED, subject=GOOD.subject, carries={}) == GOOD
    assert evidence.decode(CARRIED.encode(), "x.json") == CARRIED


def test_a_carried_statement_is_an_attempt_like_any_other() -> None:
    """After one that failed for the same commit it names that one."""
    failed = replace(GOOD, subject=OTHER, status=Status.FAILED)

    found = evidence.carry_over(GOOD, OTHER, failed)

    assert (found.attempt, found.repeats) == (2, failed.sha256)
    assert evidence.objections(found, OTHER.digest, "p", {GOOD.sha256: GOOD}) == []


def test_originals_are_the_statements_that_others_carry() -> None:
    """As far as they are there."""
    assert evidence.originals([GOOD, CARRIED]) == {GOOD.sha256: GOOD}
    assert evidence.originals([CARRIED]) == evidence.originals([GOOD]) == {}


def test_a_carried_statement_counts_with_its_original() -> None:
    """Both are there, and say the same."""
    assert evidence.objections(CARRIED, OTHER.digest, "p", {GOOD.sha256: GOOD}) == []


def forged(original: Statement, **changes: Any) -> tuple[Statement, Statement]:
    """Return a statement that carries this one, with something of it changed, and the original."""
    return replace(evidence.carry_over(original, OTHER), **changes), original


@pytest.mark.parametrize(
    ("pair", "wanted"),
    [
        (
            forged(replace(GOOD, status=Status.FAILED), status=Status.PASSED),
            "reuses a statement with the status failed",
        ),
        (
            forged(replace(GOOD, status=Status.ERRORED)),
            "reuses a statement with the status errored",
        ),
        (forged(CARRIED), "reuses a statement that is itself reused"),
        *(
            (forged(GOOD, **change), "differs from the statement that it reuses")
            for change in (
                {"facts": {"issues": -1}},
                {"inputs": "j"},
                {"stage": "tests"},
                {"started": "2026-11-25T00:00:00Z"},
                {"duration": 9.0},
                {"tools": {}},
                {"artifacts": {}},
                {"verdicts": ()},
                {"carries": {"sha256": GOOD.sha256, **OTHER.digest}},
                {"carries": {"sha256": GOOD.sha256}},
            )
        ),
    ],
)
def test_a_forged_statement_is_objected_to(pair: tuple[Statement, Statement], wanted: str) -> None:
    """The original did not pass, or said something else."""
    statement, original = pair

    found = evidence.objections(statement, OTHER.digest, "p", {original.sha256: original})

    assert f"{statement.stage}: {wanted}" in found


@pytest.mark.parametrize(
    "held",
    [None, {}, {"0" * 64: GOOD}, {GOOD.sha256: replace(GOOD, duration=2.0)}],
    ids=["nothing", "none", "under another name", "changed"],
)
def test_a_statement_without_its_original_is_objected_to(held: dict[str, Statement] | None) -> None:
    """A hash alone shows nothing."""
    assert evidence.objections(CARRIED, OTHER.digest, "p", held) == [
        f"lint: reuses the statement {GOOD.sha256}, which is missing"
    ]


def test_a_statement_that_names_no_original_is_objected_to() -> None:
    """Carrying a commit without a statement shows nothing either."""
    statement = replace(CARRIED, carries={"gitCommit": "c" * 40})

    assert evidence.objections(statement, OTHER.digest, "p") == [
        "lint: reuses the statement (none), which is missing"
    ]


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
