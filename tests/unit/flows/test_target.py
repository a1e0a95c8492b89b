"""Which release a deployment brings."""

from __future__ import annotations

import pytest

from tests.registry_server import Store, push_image
from tests.releases import SOURCE, labels
from towpath.config import Environment
from towpath.errors import ConfigurationError, PromotionRefusedError
from towpath.flows import target
from towpath.flows.session import Session
from towpath.flows.target import Target

pytestmark = pytest.mark.door
STAGING, PRODUCTION = Environment("staging", 8081), Environment("production", 8080)


def test_staging_takes_what_the_tag_test_points_at(store: Store, session: Session) -> None:
    """With the version that the image says it has."""
    digest = push_image(store.client(), labels(), tag="test").digest

    assert target.choose(session, STAGING) == Target(digest, SOURCE.version)
    release = target.release(session, Target(digest, SOURCE.version))
    assert release.image == session.config.images.at(digest)


def test_a_digest_that_is_named_is_taken(store: Store, session: Session) -> None:
    """Whatever the tag points at."""
    digest = push_image(store.client(), labels(), tag="built").digest

    assert target.choose(session, STAGING, digest).digest == digest


def test_production_takes_the_release_and_nothing_else(store: Store, session: Session) -> None:
    """A digest that was not promoted is refused there."""
    digest = push_image(store.client(), labels(), tag="release").digest
    other = push_image(store.client(), {**labels(), "more": "1"}, tag="test").digest

    assert target.choose(session, PRODUCTION).digest == digest
    assert target.choose(session, PRODUCTION, digest).digest == digest
    with pytest.raises(PromotionRefusedError, match="not the promoted release"):
        target.choose(session, PRODUCTION, other)


def test_what_is_not_there_is_refused(session: Session) -> None:
    """A tag that nobody moved yet, a digest that nobody pushed, and what is no digest."""
    with pytest.raises(PromotionRefusedError, match="has no test"):
        target.choose(session, STAGING)
    with pytest.raises(PromotionRefusedError, match="has no sha256:0"):
        target.choose(session, STAGING, "sha256:" + "0" * 64)
    with pytest.raises(ConfigurationError):
        target.choose(session, STAGING, "sha256:12")
