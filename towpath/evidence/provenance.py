"""Provenance: how an image came about, as an in-toto statement in SLSA's words. Pure.

Source: SLSA v1.0, "Provenance" (https://slsa.dev/spec/v1.0/provenance). It is attached to the
digest and not a part of it: two builds of one commit have one digest, with the first provenance.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from towpath.core import documents
from towpath.core.errors import NothingToJudgeError
from towpath.core.subject import Subject
from towpath.evidence.statement import STATEMENT_TYPE

PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://towpath.dev/bake/v1"
ARTIFACT_TYPE = "application/vnd.towpath.provenance.v1"
MEDIA_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Base:
    """The image that a target starts from, and the digests of its layers, keyed by platform."""

    name: str
    layers: Mapping[str, tuple[str, ...]]

    def as_json(self) -> dict[str, Any]:
        """Return the base as one of a build's dependencies."""
        layers = {platform: list(rows) for platform, rows in self.layers.items()}
        return {"uri": f"docker-image://{self.name}", "annotations": {"layers": layers}}


@dataclass(frozen=True)
class Provenance:
    """A build as it was: what was asked for, what went in, who built it and when (UTC, ISO)."""

    parameters: Mapping[str, Any]
    commit: str
    tree: str
    remote: str
    base: Base | None
    builder: str
    started: str
    finished: str
    materials: tuple[Mapping[str, Any], ...] = field(default=())

    def encode(self, subject: Subject) -> bytes:
        """Return the statement about this image: canonical bytes, keys sorted, UTF-8."""
        source = {
            "uri": f"git+{self.remote}" if self.remote else "git",
            "digest": {"gitCommit": self.commit, "gitTree": self.tree},
        }
        base = [self.base.as_json()] if self.base else []
        body = {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": subject.name, "digest": dict(subject.digest)}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": dict(self.parameters),
                    "resolvedDependencies": [source, *base, *map(dict, self.materials)],
                },
                "runDetails": {
                    "builder": {"id": self.builder},
                    "metadata": {"startedOn": self.started, "finishedOn": self.finished},
                },
            },
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def base_of(raw: bytes, digest: str) -> Base | None:
    """Return the base that a provenance of this digest names; None where it names none.

    Raises NothingToJudgeError for anything that is no provenance of this digest.
    """
    try:
        document = documents.loads(raw)
        subjects = [row["digest"]["sha256"] for row in document["subject"]]
        if document["predicateType"] != PREDICATE_TYPE or subjects != [digest.partition(":")[2]]:
            raise ValueError(f"it is not a provenance of {digest}")
        rows = document["predicate"]["buildDefinition"]["resolvedDependencies"]
        return next(_bases(rows), None)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NothingToJudgeError(
            "Cannot read the provenance.", why=documents.reason(error)
        ) from error


def _bases(rows: Iterable[Mapping[str, Any]]) -> Iterator[Base]:
    for row in rows:
        if "layers" in row.get("annotations", {}):
            layers = {name: _texts(ids) for name, ids in row["annotations"]["layers"].items()}
            yield Base(str(row["uri"]).removeprefix("docker-image://"), layers)


def _texts(rows: object) -> tuple[str, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise ValueError("the layers of a base image are not a list of digests")
    return tuple(rows)
