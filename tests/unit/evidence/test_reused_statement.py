"""A statement about one commit that reuses that about another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.evidence.test_statement import COMMIT, GOOD
from towpath.core.subject import Subject
from towpath.evidence import reused_statement, validity
from towpath.evidence.statement import Statement, decode
from towpath.gates import Status

OTHER = Subject.commit("d" * 40, "u" * 40)
CARRIED = reused_statement.reuse_statement(GOOD, OTHER)


def test_a_carried_statement_says_of_another_commit_what_was_measured_before() -> None:
    """It names the statement that it rests on, and keeps its facts, its time and its inputs."""
    assert CARRIED.subject == OTHER
    assert CARRIED.reuses == {"sha256": GOOD.sha256, **COMMIT.digest}
    assert replace(CARRIED, subject=GOOD.subject, reuses={}) == GOOD
    assert decode(CARRIED.encode(), "x.json") == CARRIED


def test_a_carried_statement_is_an_attempt_like_any_other() -> None:
    """After one that failed for the same commit it names that one."""
    failed = replace(GOOD, subject=OTHER, status=Status.FAILED)

    found = reused_statement.reuse_statement(GOOD, OTHER, failed)

    assert (found.attempt, found.repeats) == (2, failed.sha256)
    assert validity.mismatches(found, OTHER.digest, "p", {GOOD.sha256: GOOD}) == []


def test_originals_are_the_statements_that_others_carry() -> None:
    """As far as they are there."""
    assert reused_statement.originals([GOOD, CARRIED]) == {GOOD.sha256: GOOD}
    assert reused_statement.originals([CARRIED]) == reused_statement.originals([GOOD]) == {}


def test_a_carried_statement_counts_with_its_original() -> None:
    """Both are there, and say the same."""
    assert validity.mismatches(CARRIED, OTHER.digest, "p", {GOOD.sha256: GOOD}) == []


def forged(original: Statement, **changes: Any) -> tuple[Statement, Statement]:
    """Return a statement that carries this one, with something of it changed, and the original."""
    return replace(reused_statement.reuse_statement(original, OTHER), **changes), original


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
                {"reuses": {"sha256": GOOD.sha256, **OTHER.digest}},
                {"reuses": {"sha256": GOOD.sha256}},
            )
        ),
    ],
)
def test_a_forged_statement_is_objected_to(pair: tuple[Statement, Statement], wanted: str) -> None:
    """The original did not pass, or said something else."""
    statement, original = pair

    found = validity.mismatches(statement, OTHER.digest, "p", {original.sha256: original})

    assert f"{statement.stage}: {wanted}" in found


@pytest.mark.parametrize(
    "held",
    [None, {}, {"0" * 64: GOOD}, {GOOD.sha256: replace(GOOD, duration=2.0)}],
    ids=["nothing", "none", "under another name", "changed"],
)
def test_a_statement_without_its_original_is_objected_to(held: dict[str, Statement] | None) -> None:
    """A hash alone shows nothing."""
    assert validity.mismatches(CARRIED, OTHER.digest, "p", held) == [
        f"lint: reuses the statement {GOOD.sha256}, which is missing"
    ]


def test_a_statement_that_names_no_original_is_objected_to() -> None:
    """Carrying a commit without a statement shows nothing either."""
    statement = replace(CARRIED, reuses={"gitCommit": "c" * 40})

    assert validity.mismatches(statement, OTHER.digest, "p") == [
        "lint: reuses the statement (none), which is missing"
    ]
