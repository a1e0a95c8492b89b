"""What stays, why, and what goes."""

from __future__ import annotations

import pytest

from towpath.retention.rules import ManifestNode, RetentionRules, decide

RULES = RetentionRules(1, ("built", "test", "release"), "building", "cache-")


def name(letter: str) -> str:
    """Return a digest to recognize."""
    return "sha256:" + letter * 64


def nodes(*rows: ManifestNode) -> dict[str, ManifestNode]:
    """Return manifests by digest."""
    return {row.digest: row for row in rows}


def release(letter: str, *tags: str, made: str = "") -> tuple[ManifestNode, ManifestNode]:
    """Return an index and its only platform; both have a blob of their own."""
    part = ManifestNode(name(letter) + "p", blobs={f"layer {letter}": 10, "base": 100})
    index = ManifestNode(
        name(letter), tags, lists=(part.digest,), blobs={f"index {letter}": 1}, made=made
    )
    return index, part


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("test", "promoted: test"),
        ("release", "promoted: release"),
        ("built", "promoted: built"),
        ("building-production", "last push"),
        ("cache-production-main", "build cache"),
        ("by-hand", "tagged by-hand"),
        ("v1.0", "tagged v1.0"),
    ],
)
def test_a_tag_is_a_reason(tag: str, why: str) -> None:
    """A tag that no rule knows was given by somebody."""
    found = decide(
        nodes(*release("a", tag)), {}, RetentionRules(0, *list(vars(RULES).values())[1:])
    )

    assert found.kept == {name("a"): (why,)}
    assert found.to_delete == ()


def test_a_version_is_no_reason() -> None:
    """Every build has one: of those only the newest stay, and the parts go with their image."""
    held = nodes(
        *release("a", "1.0.0", made="2026-01-01T00:00:00Z"),
        *release("b", "0.0.0-gabc.d12", made="2026-01-03T00:00:00Z"),
        *release("c", "1.1.0", made="2026-01-02T00:00:00Z"),
    )

    found = decide(held, {}, RULES)

    assert found.kept == {name("b"): ("one of the last 1",)}
    assert set(found.images) == {name("a"), name("c")}
    assert found.parts == (name("a") + "p", name("c") + "p")
    assert found.to_delete == (*found.images, *found.parts)
    assert found.freed == 2 * (10 + 1), "the base is needed by what stays"


def test_none_of_the_last_may_stay() -> None:
    """Zero is a number too."""
    found = decide(nodes(*release("a", "1.0.0")), {}, RetentionRules(0, (), "building", "cache-"))

    assert (found.kept, found.images, found.freed) == ({}, (name("a"),), 111)


def test_a_reason_from_elsewhere_keeps_what_has_no_tag() -> None:
    """An image that runs by its digest stays, with all its reasons once each."""
    found = decide(nodes(*release("a")), {name("a"): ["runs in x", "runs in x", "y"]}, RULES)

    assert found.kept == {name("a"): ("runs in x", "y")}
    assert found.to_delete == ()


def test_what_attached_to_an_image_stays_with_it() -> None:
    """On the index, on a platform, on an artifact itself; by subject or by the fallback tag."""
    index, part = release("a", "test")
    sbom = ManifestNode(name("1"), subject=part.digest)
    signed = ManifestNode(name("2"), subject=sbom.digest)
    evidence = ManifestNode(name("3"), subject=index.digest)
    listing = ManifestNode(name("4"), ("sha256-" + "a" * 64,), lists=(evidence.digest,))
    signature = ManifestNode(name("5"), ("sha256-" + "a" * 64 + ".sig",))

    found = decide(nodes(index, part, sbom, signed, evidence, listing, signature), {}, RULES)

    assert found.kept == {index.digest: ("promoted: test",)}
    assert found.to_delete == ()


def test_what_attached_to_an_image_goes_with_it() -> None:
    """Also where the image itself is gone already; the image goes first."""
    index, part = release("a", "1.0.0")
    evidence = ManifestNode(name("3"), subject=index.digest)
    listing = ManifestNode(name("4"), ("sha256-" + "a" * 64,), lists=(evidence.digest,))
    orphan = ManifestNode(name("5"), ("sha256-" + "9" * 64,))

    found = decide(
        nodes(listing, evidence, part, index, orphan),
        {},
        RetentionRules(0, (), "building", "cache-"),
    )

    assert found.images == (index.digest,)
    assert set(found.parts) == {part.digest, evidence.digest, listing.digest, orphan.digest}


def test_a_part_of_two_images_stays_with_the_one_that_stays() -> None:
    """The same platform under two indexes."""
    part = ManifestNode(name("p"), blobs={"layer": 10})
    old = ManifestNode(name("a"), ("1.0.0",), lists=(part.digest,), made="1")
    new = ManifestNode(name("b"), ("1.0.1",), lists=(part.digest,), made="2")

    found = decide(nodes(part, old, new), {}, RULES)

    assert found.to_delete == (old.digest,)


def test_a_part_that_is_asked_for_stays_without_its_image() -> None:
    """Somebody runs one platform by its own digest."""
    index, part = release("a", "1.0.0")

    found = decide(
        nodes(index, part),
        {part.digest: ["runs in x"]},
        RetentionRules(0, (), "building", "cache-"),
    )

    assert found.to_delete == (index.digest,)
    assert found.freed == 1


def test_an_old_list_of_attachments_is_no_image() -> None:
    """It lost its tag to a newer list: it goes, and what it lists stays with its subject."""
    index, part = release("a", "test")
    evidence = ManifestNode(name("3"), subject=index.digest)
    old = ManifestNode(name("4"), lists=(evidence.digest,))

    found = decide(nodes(index, part, evidence, old), {}, RULES)

    assert (found.images, found.parts) == ((), (old.digest,))
