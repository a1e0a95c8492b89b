"""What a provenance says, and what is read from it again."""

from __future__ import annotations

import json

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.core.subject import Subject
from towpath.evidence import provenance
from towpath.evidence.provenance import Base, Provenance

DIGEST = f"sha256:{'0' * 64}"
BASE = Base("python:3.13-slim", {"linux/amd64": ("sha256:1", "sha256:2")})


def encoded(base: Base | None = BASE) -> bytes:
    """Return a provenance of the digest."""
    made = Provenance(
        parameters={"target": "production"},
        commit="c" * 40,
        tree="7" * 40,
        remote="https://example.com/app",
        base=base,
        builder="docker",
        started="2026-11-24T21:00:00Z",
        finished="2026-11-24T21:00:09Z",
        materials=({"uri": "pkg:docker/python@3.13-slim", "digest": {"sha256": "9"}},),
    )
    return made.encode(Subject.image("towpath/dashboard", DIGEST))


def test_it_is_a_statement_in_slsas_words() -> None:
    """Source, base and buildx' own materials are the dependencies; times are the run's."""
    document = json.loads(encoded())

    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["predicateType"] == "https://slsa.dev/provenance/v1"
    rows = document["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert [row["uri"] for row in rows] == [
        "git+https://example.com/app",
        "docker-image://python:3.13-slim",
        "pkg:docker/python@3.13-slim",
    ]
    assert document["predicate"]["runDetails"]["metadata"] == {
        "startedOn": "2026-11-24T21:00:00Z",
        "finishedOn": "2026-11-24T21:00:09Z",
    }


def test_the_base_is_read_again() -> None:
    """Whoever judges the image elsewhere knows which layers are the base's."""
    assert provenance.base_of(encoded(), DIGEST) == BASE
    assert provenance.base_of(encoded(None), DIGEST) is None


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", encoded()[:-9]])
def test_half_a_provenance_is_nothing_to_judge(raw: bytes) -> None:
    """Nothing is guessed."""
    with pytest.raises(NothingToJudgeError, match="Cannot read the provenance"):
        provenance.base_of(raw, DIGEST)


def test_a_provenance_of_another_image_is_refused() -> None:
    """It says nothing of this digest."""
    with pytest.raises(NothingToJudgeError):
        provenance.base_of(encoded(), f"sha256:{'1' * 64}")


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        ("sha256:1", "The layers of a base image are not a list of digests."),
        ([1], "The layers of a base image are not a list of digests."),
    ],
)
def test_a_base_of_other_types_is_nothing_to_judge(layers: object, why: str) -> None:
    """A text is no list of its letters."""
    document = json.loads(encoded())
    rows = document["predicate"]["buildDefinition"]["resolvedDependencies"]
    rows[1]["annotations"]["layers"] = {"linux/amd64": layers}

    with pytest.raises(NothingToJudgeError) as caught:
        provenance.base_of(json.dumps(document).encode(), DIGEST)

    assert caught.value.why == why


def test_a_provenance_is_bounded() -> None:
    """It comes from a registry: deep nesting is a reason, not a crash."""
    with pytest.raises(NothingToJudgeError) as caught:
        provenance.base_of(b'{"a":' * 100_000, DIGEST)

    assert caught.value.why == "It is nested more than 32 levels deep."
