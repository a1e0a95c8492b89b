"""Evidence: in-toto statements about a commit or an image digest. Pure.

A statement has a subject, a stage, inputs, tools, facts, the verdicts of the gates, and the policy.
Format: in-toto Statement v1
(https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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

    `reuses` is set if the statement reuses an earlier one for the same inputs: the sha256 of that
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
    reuses: Mapping[str, str] = field(default_factory=dict)

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
            # The name of this field in version 1 of the format: hashes of statements are over it.
            "carries": dict(self.reuses),
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


def verdict_rows(verdicts: Iterable[Verdict]) -> tuple[Mapping[str, Any], ...]:
    """Return verdicts as plain values for a statement."""
    return tuple(verdict.as_json() for verdict in verdicts)


def reasons(verdicts: Iterable[Verdict], detail: str = "") -> str:
    """Return in one line why the verdicts are not all passed; empty if they are.

    `detail` is added to it: the first finding, say.
    """
    found = "; ".join(row.reason for row in verdicts if row.status is not Status.PASSED)
    return f"{found}: {detail}" if found and detail else found
