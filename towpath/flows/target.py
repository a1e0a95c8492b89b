"""Which release a deployment brings: a digest that is named, or the one that a tag points at."""

from __future__ import annotations

from dataclasses import dataclass

from towpath import promotion
from towpath.config import Environment
from towpath.errors import PromotionRefusedError
from towpath.flows import promote, registry
from towpath.flows.session import Session
from towpath.flows.site import Release

PRODUCTION = "production"


@dataclass(frozen=True)
class Target:
    """A release by its digest, with the version that its image says it has."""

    digest: str
    version: str


def choose(session: Session, environment: Environment, digest: str = "") -> Target:
    """Return the release to deploy, resolved once; from here on only its digest is used.

    Without a digest it is what the tag `test` points at, for production `release`. Raises
    PromotionRefusedError for a digest that is not there, and for production also for one that was
    not promoted to `release`.
    """
    door = registry.client(session)
    is_production = environment.name == PRODUCTION
    tag = promotion.RELEASE if is_production else promotion.TEST
    chosen = promote.resolve(door, digest or tag)
    if is_production and digest and promote.resolve(door, tag) != chosen:
        raise PromotionRefusedError(
            f"{chosen} is not the promoted release.",
            why=f"{PRODUCTION} takes what the tag {tag} points at, and nothing else.",
            next_step="Promote it in CI first: invoke promote-release",
        )
    image = registry.image(door, chosen)
    return Target(chosen, image.label("org.opencontainers.image.version"))


def release(session: Session, target: Target) -> Release:
    """Return a target as something that Compose can run."""
    return Release(session.config.images.at(target.digest), target.digest, target.version)
