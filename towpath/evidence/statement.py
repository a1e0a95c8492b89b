"""Evidence: in-toto statements about a commit or an image digest. Pure.

A statement has a subject, a stage, inputs, tools, facts, the verdicts of the gates, and the policy.
Format: in-toto Statement v1
(https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from towpath.core import documents
from towpath.core.errors import NothingToJudgeError
from towpath.core.subject import Subject
from towpath.evidence import fields as predicate
from towpath.gates import Status, Verdict

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://towpath.dev/evidence/v1"
ARTIFACT_TYPE = "application/vnd.towpath.evidence.v1"
MEDIA_TYPE = "application/vnd.in-toto+json"
# The stages whose statements are about the commit, and those about the image.
BEFORE_IMAGE = ("lint", "tests", "integration", "security")
OF_IMAGE = ("build", "scan")
_TOP = {"_type", "subject", "predicateType", "predicate"}


@dataclass(frozen=True)
class Statement:
    """One attempt of one stage. Times are seconds, `started` is UTC in ISO 8601 with Z.

    `carries` is set if the statement reuses an earlier one for the same inputs: the sha256 of that
    statement, and the commit and tree that it is about.
    """

    stage: str
    subject: Subject
    status: Status
    started: str
    duration: float
    policy: str
    inputs: str
    attempt: int = 1
    repeats: str = ""
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    verdicts: tuple[Mapping[str, Any], ...] = ()
    tools: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)
    carries: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the in-toto Statement as plain values."""
        predicate = {
            "stage": self.stage,
            "status": str(self.status),
            "reason": self.reason,
            "attempt": self.attempt,
            "repeats": self.repeats,
            "started": self.started,
            "duration": self.duration,
            "policy": self.policy,
            "inputs": self.inputs,
            "facts": dict(self.facts),
            "verdicts": [dict(verdict) for verdict in self.verdicts],
            "tools": dict(self.tools),
            "artifacts": dict(self.artifacts),
            "carries": dict(self.carries),
        }
        return {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": self.subject.name, "digest": dict(self.subject.digest)}],
            "predicateType": PREDICATE_TYPE,
            "predicate": predicate,
        }

    def encode(self) -> bytes:
        """Return the canonical bytes: sorted keys, no spaces, UTF-8."""
        return json.dumps(self.as_json(), sort_keys=True, separators=(",", ":")).encode()

    @property
    def sha256(self) -> str:
        """The hash by which another statement refers to this one."""
        return hashlib.sha256(self.encode()).hexdigest()


def decode(raw: bytes | str, source: str) -> Statement:
    """Read a statement; `source` names it in the error.

    Raises NothingToJudgeError for anything that is not a complete statement of ours.
    """
    try:
        document = documents.loads(raw)
        if not isinstance(document, dict) or set(document) != _TOP:
            raise ValueError("it is not an in-toto statement, version 1")
        for key, wanted in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
            if document[key] != wanted:
                raise ValueError(f"its {key} is {str(document[key])[:80]!r}, not {wanted}")
        subject = Subject(*predicate.subject(document["subject"]))
        return Statement(subject=subject, **predicate.checked(document["predicate"]))
    except ValueError as error:
        raise NothingToJudgeError(
            f"{source} is not valid evidence.",
            why=str(error),
            next_step="Run the stage again: it replaces its own evidence.",
        ) from error


def next_attempt(previous: Statement | None, subject: Subject, policy: str) -> tuple[int, str]:
    """Return the attempt's number and the sha256 of the statement that it repeats.

    A failed stage that is run again for the same subject and policy says so: running again until
    green is visible.
    """
    if previous is None or previous.subject != subject or previous.policy != policy:
        return 1, ""
    return previous.attempt + 1, previous.sha256


def carry_over(
    original: Statement, subject: Subject, previous: Statement | None = None
) -> Statement:
    """Return an earlier statement, reused as a statement about another commit.

    Its inputs have to be those of that commit too. All that was measured, and when, stays as it
    was; `previous` is the last attempt about that commit, if there is one.
    """
    attempt, repeats = next_attempt(previous, subject, original.policy)
    reused = {"sha256": original.sha256, **original.subject.digest}
    return replace(original, subject=subject, attempt=attempt, repeats=repeats, carries=reused)


def originals(statements: Iterable[Statement]) -> dict[str, Statement]:
    """Return those of the statements that others among them reuse, by sha256."""
    rows = list(statements)
    wanted = {row.carries["sha256"] for row in rows if "sha256" in row.carries}
    return {sha256: row for row in rows if (sha256 := row.sha256) in wanted}


def reusable(statement: Statement | None, inputs: str, policy: str) -> bool:
    """Tell whether a stage need not run again: it passed, with the same inputs and policy."""
    return (
        statement is not None
        and statement.status is Status.PASSED
        and statement.inputs == inputs
        and statement.policy == policy
    )


def objections(
    statement: Statement,
    subject: Mapping[str, str],
    policy: str,
    originals: Mapping[str, Statement] | None = None,
) -> list[str]:
    """Return why a statement is not valid for a subject and policy; empty if it is.

    `subject` maps digest names to values; every one of them must be the statement's own.
    `originals` are the statements that others reuse, by sha256.
    """
    stage, seen = statement.stage, statement.subject.digest
    found = [
        f"{stage}: is about {name} {seen.get(name) or '(none)'}, not {value}"
        for name, value in subject.items()
        if seen.get(name) != value
    ]
    if statement.policy != policy:
        found.append(f"{stage}: was evaluated under another policy")
    found += _of_attempt(statement)
    if not _agrees_with_its_verdicts(statement):
        found.append(f"{stage}: is recorded as passed, but its verdicts are not")
    return found + _of_reused(statement, originals or {})


def _of_attempt(statement: Statement) -> list[str]:
    """Return why the number of an attempt does not fit whether it repeats another."""
    stage = statement.stage
    if statement.attempt > 1 and not statement.repeats:
        return [f"{stage}: attempt {statement.attempt} does not name the attempt that it repeats"]
    if statement.attempt == 1 and statement.repeats:
        return [f"{stage}: attempt 1 names an attempt that it repeats"]
    return []


def _of_reused(statement: Statement, originals: Mapping[str, Statement]) -> list[str]:
    """Return why a statement may not reuse the one that it names."""
    if not statement.carries:
        return []
    stage, named = statement.stage, statement.carries.get("sha256", "")
    original = originals.get(named)
    if original is None or original.sha256 != named:
        return [f"{stage}: reuses the statement {named or '(none)'}, which is missing"]
    if original.carries:
        return [f"{stage}: reuses a statement that is itself reused"]
    if original.status is not Status.PASSED:
        return [f"{stage}: reuses a statement with the status {original.status}"]
    expected = replace(
        carry_over(original, statement.subject),
        attempt=statement.attempt,
        repeats=statement.repeats,
    )
    if expected != statement:
        return [f"{stage}: differs from the statement that it reuses"]
    return []


def _agrees_with_its_verdicts(statement: Statement) -> bool:
    recorded = {str(verdict.get("status")) for verdict in statement.verdicts}
    return statement.status is not Status.PASSED or recorded <= {Status.PASSED.value}


def verdict_rows(verdicts: Iterable[Verdict]) -> tuple[Mapping[str, Any], ...]:
    """Return verdicts as plain values for a statement."""
    return tuple(verdict.as_json() for verdict in verdicts)


def reasons(verdicts: Iterable[Verdict], detail: str = "") -> str:
    """Return in one line why the verdicts are not all passed; empty if they are.

    `detail` is added to it: the first finding, say.
    """
    found = "; ".join(row.reason for row in verdicts if row.status is not Status.PASSED)
    return f"{found}: {detail}" if found and detail else found
