"""The number of an attempt: running a stage again until it passes is visible. Pure."""

from __future__ import annotations

from towpath.core.subject import Subject
from towpath.evidence.statement import Statement


def next_attempt(previous: Statement | None, subject: Subject, policy: str) -> tuple[int, str]:
    """Return the attempt's number and the sha256 of the statement that it repeats.

    A failed stage that is run again for the same subject and policy says so: running again until
    green is visible.
    """
    if previous is None or previous.subject != subject or previous.policy != policy:
        return 1, ""
    return previous.attempt + 1, previous.sha256


def attempt_objections(statement: Statement) -> list[str]:
    """Return why the number of an attempt does not fit whether it repeats another."""
    stage = statement.stage
    if statement.attempt > 1 and not statement.repeats:
        return [f"{stage}: attempt {statement.attempt} does not name the attempt that it repeats"]
    if statement.attempt == 1 and statement.repeats:
        return [f"{stage}: attempt 1 names an attempt that it repeats"]
    return []
