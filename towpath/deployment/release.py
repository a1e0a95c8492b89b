"""Which release a deployment brings: a digest that is named, or the one that a tag points at."""

from __future__ import annotations

from dataclasses import dataclass

from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.errors import PromotionRefusedError
from towpath.core.references import RELEASE, TEST
from towpath.environments.environment import HISTORY, Release
from towpath.evidence.journal import History
from towpath.promotion import promote
from towpath.registry import image as registry
from towpath.registry.client import RegistryClient

PRODUCTION = "production"
BRING_BACK = "Promote it to {} again; what has run there before comes back with --digest=..."


@dataclass(frozen=True)
class ReleaseTarget:
    """A release by its digest, with the version that its image says it has."""

    digest: str
    version: str


def choose(workspace: Workspace, environment: Environment, digest: str = "") -> ReleaseTarget:
    """Return the release to deploy, resolved once and judged; from here on only its digest is used.

    Without a digest it is what the tag `test` points at, for production `release`. It is judged as
    a promotion to that tag is; a tag alone says nothing. What the environment has run before was
    judged then, and comes back whatever has grown old or changed since.

    Raises PromotionRefusedError for a digest that is not there or that its evidence speaks against,
    and for production also for one that was not promoted to `release`.
    """
    door = registry.client(workspace)
    stage = RELEASE if environment.name == PRODUCTION else TEST
    chosen = promote.resolve(door, digest or stage)
    image = registry.image(door, chosen)
    if not (digest and has_run(workspace, environment, chosen)):
        _require_promoted(door, stage, chosen, digest)
        candidate = promote.assess(workspace, door, stage, image, deploying=True)
        promote.refuse(
            candidate, stage, f"may not run in {environment.name}", BRING_BACK.format(stage)
        )
    return ReleaseTarget(chosen, image.label("org.opencontainers.image.version"))


def has_run(workspace: Workspace, environment: Environment, digest: str) -> bool:
    """Tell whether an environment has run a release before."""
    history = History(workspace.config.state_of(environment) / HISTORY)
    return any(row.get("digest") == digest for row in history.releases())


def _require_promoted(door: RegistryClient, stage: str, chosen: str, digest: str) -> None:
    if stage == RELEASE and digest and promote.resolve(door, stage) != chosen:
        raise PromotionRefusedError(
            f"{chosen} is not the promoted release.",
            why=f"{PRODUCTION} takes what the tag {stage} points at, and nothing else.",
            next_step="Promote it in CI first: invoke promote-release",
        )


def release(workspace: Workspace, target: ReleaseTarget) -> Release:
    """Return a target as something that Compose can run."""
    return Release(workspace.config.images.at(target.digest), target.digest, target.version)
