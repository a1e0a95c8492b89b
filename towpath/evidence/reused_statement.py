"""A statement that reuses an earlier one for the same inputs, about another commit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from towpath.core.subject import Subject
from towpath.evidence.attempts import next_attempt
from towpath.evidence.statement import Statement
from towpath.gates import Status


def reuse_statement(
    original: Statement, subject: Subject, previous: Statement | None = None
) -> Statement:
    """Return an earlier statement, reused as a statement about another commit.

    Its inputs have to be those of that commit too. All that was measured, and when, stays as it
    was; `previous` is the last attempt about that commit, if there is one.
    """
    attempt, repeats = next_attempt(previous, subject, original.policy)
    reused = {"sha256": original.sha256, **original.subject.digest}
    return replace(original, subject=subject, attempt=attempt, repeats=repeats, reuses=reused)


def originals(statements: Iterable[Statement]) -> dict[str, Statement]:
    """Return those of the statements that others among them reuse, by sha256."""
    rows = list(statements)
    wanted = {row.reuses["sha256"] for row in rows if "sha256" in row.reuses}
    return {sha256: row for row in rows if (sha256 := row.sha256) in wanted}


def reuse_objections(statement: Statement, originals: Mapping[str, Statement]) -> list[str]:
    """Return why a statement may not reuse the one that it names."""
    if not statement.reuses:
        return []
    stage, named = statement.stage, statement.reuses.get("sha256", "")
    original = originals.get(named)
    if original is None or original.sha256 != named:
        return [f"{stage}: reuses the statement {named or '(none)'}, which is missing"]
    if original.reuses:
        return [f"{stage}: reuses a statement that is itself reused"]
    if original.status is not Status.PASSED:
        return [f"{stage}: reuses a statement with the status {original.status}"]
    expected = replace(
        reuse_statement(original, statement.subject),
        attempt=statement.attempt,
        repeats=statement.repeats,
    )
    if expected != statement:
        return [f"{stage}: differs from the statement that it reuses"]
    return []
