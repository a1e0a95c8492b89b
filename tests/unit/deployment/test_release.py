"""Which release a deployment brings, and which it does not."""

from __future__ import annotations

import pytest

from tests.registry_server import Store, push_image
from tests.releases import RELEASING, SOURCE, labels, record, record_all, session_at
from towpath.config import Environment
from towpath.config.workspace import Session
from towpath.core.errors import ConfigurationError, PromotionRefusedError
from towpath.deployment import release as target
from towpath.deployment.release import Target
from towpath.evidence import registry as evidence
from towpath.evidence.journal import History
from towpath.promotion import promote
from towpath.promotion.availability import NEEDED

pytestmark = pytest.mark.door
STAGING, PRODUCTION = Environment("staging", 8081), Environment("production", 8080)
OLD = -40 * 24 * 60  # minutes


def made(store: Store, session: Session, tag: str, layer: bytes = b"layer") -> str:
    """Return the digest of an image with the evidence of every stage, under a tag."""
    digest = push_image(store.client(), labels(), layer=layer, tag=tag).digest
    evidence.push(store.client(), digest, record_all(session, digest, *NEEDED["release"]).values())
    return digest


def released(store: Store, session: Session, layer: bytes = b"layer") -> str:
    """Return the digest of an image that was promoted to `release`."""
    digest = made(store, session, "built", layer)
    promote.promote(session, "test", digest)
    ci = session_at(session.config.root, store, **RELEASING)
    return promote.promote(ci, "release", digest).digest


def remember(session: Session, environment: Environment, digest: str) -> None:
    """Let an environment have run a digest."""
    place = session.config.state_of(environment)
    place.mkdir(parents=True)
    History(place / "releases.json").add_release({"digest": digest})


def test_staging_takes_what_the_tag_test_points_at(store: Store, session: Session) -> None:
    """With the version that the image says it has."""
    digest = made(store, session, "test")

    assert target.choose(session, STAGING) == Target(digest, SOURCE.version)
    release = target.release(session, Target(digest, SOURCE.version))
    assert release.image == session.config.images.at(digest)


def test_a_digest_that_is_named_is_taken(store: Store, session: Session) -> None:
    """Whatever the tag points at, if its evidence speaks for it."""
    digest = made(store, session, "built")

    assert target.choose(session, STAGING, digest).digest == digest


def test_staging_takes_nothing_that_its_evidence_speaks_against(
    store: Store, session: Session
) -> None:
    """The tag `test`, put by hand on an image, is only a name."""
    digest = push_image(store.client(), labels(), tag="test").digest

    for wanted in ("", digest):
        with pytest.raises(PromotionRefusedError) as caught:
            target.choose(session, STAGING, wanted)
        assert caught.value.what == f"{SOURCE.version} ({digest}) may not run in staging."
        assert caught.value.why.splitlines() == [
            f"{name}: there is no evidence" for name in NEEDED["test"]
        ]


def test_production_takes_the_release_and_nothing_else(store: Store, session: Session) -> None:
    """A digest that was not promoted is refused there, and CI is not asked for."""
    digest = released(store, session)
    other = made(store, session, "test", b"other")

    assert target.choose(session, PRODUCTION).digest == digest
    assert target.choose(session, PRODUCTION, digest).digest == digest
    with pytest.raises(PromotionRefusedError, match="not the promoted release"):
        target.choose(session, PRODUCTION, other)


def test_a_tag_put_by_hand_is_no_release(store: Store, session: Session) -> None:
    """All the evidence is there, and nobody promoted it."""
    digest = made(store, session, "release")

    with pytest.raises(PromotionRefusedError) as caught:
        target.choose(session, PRODUCTION)

    assert caught.value.what == f"{SOURCE.version} ({digest}) may not run in production."
    assert caught.value.why == (
        "promote-release: there is no evidence; a tag alone makes no release"
    )


def test_a_promotion_of_another_digest_does_not_count(store: Store, session: Session) -> None:
    """Its statement rests on statements that do not hang on this image."""
    first = released(store, session)
    second = made(store, session, "release", b"second")
    (promoted,) = (
        row for row in evidence.pull(store.client(), first) if row.stage == "promote-release"
    )
    evidence.push(store.client(), second, [promoted])

    with pytest.raises(PromotionRefusedError) as caught:
        target.choose(session, PRODUCTION)

    assert f"promote-release: speaks of sha256 {first[7:]}, not {second[7:]}" in caught.value.why


def test_a_scan_that_grew_old_keeps_a_release_from_running(store: Store, session: Session) -> None:
    """As it keeps it from being promoted; what has run there before comes back all the same."""
    digest = push_image(store.client(), labels(), tag="test").digest
    rows = record_all(session, digest, *NEEDED["test"])
    rows["scan"] = record(session, "scan", digest, minutes=OLD)
    evidence.push(store.client(), digest, rows.values())

    with pytest.raises(PromotionRefusedError) as caught:
        target.choose(session, STAGING, digest)
    remember(session, STAGING, digest)

    assert caught.value.why == "scan: is 40 days old, and may be 30 (evidence-days)"
    assert target.choose(session, STAGING, digest).digest == digest
    with pytest.raises(PromotionRefusedError):
        target.choose(session, STAGING)


def test_a_release_comes_back_to_where_it_ran(store: Store, session: Session) -> None:
    """Also to production, where the tag has moved on; and only to where it ran."""
    first = released(store, session)
    second = released(store, session, b"second")
    remember(session, PRODUCTION, first)

    assert target.choose(session, PRODUCTION).digest == second
    assert target.choose(session, PRODUCTION, first).digest == first
    assert not target.has_run(session, STAGING, first)


def test_what_is_not_there_is_refused(session: Session) -> None:
    """A tag that nobody moved yet, a digest that nobody pushed, and what is no digest."""
    with pytest.raises(PromotionRefusedError, match="has no test"):
        target.choose(session, STAGING)
    with pytest.raises(PromotionRefusedError, match="has no sha256:0"):
        target.choose(session, STAGING, "sha256:" + "0" * 64)
    with pytest.raises(ConfigurationError):
        target.choose(session, STAGING, "sha256:12")
