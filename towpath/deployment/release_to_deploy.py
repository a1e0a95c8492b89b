"""Choose the release of a deployment: a given digest, or the one that a tag points at."""

from __future__ import annotations

from dataclasses import dataclass

from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    PromotionRefusedError,
    RegistryNotFoundError,
    RegistryUnauthorizedError,
)
from towpath.core.references import BUILT, RELEASE, TEST
from towpath.environments.environment import Release, Site
from towpath.promotion import promote
from towpath.registry import image as registry
from towpath.registry.client import RegistryClient

PRODUCTION = "production"
BRING_BACK = "Promote it to {} again. To redeploy a release that ran there, use --digest=..."


@dataclass(frozen=True)
class ReleaseTarget:
    """A release by its digest, with the version in its image's labels."""

    digest: str
    version: str


def choose(workspace: Workspace, environment: Environment, digest: str = "") -> ReleaseTarget:
    """Return the release to deploy, resolved to a digest and judged.

    Without a digest it is that of the tag `test`, for production that of `release`. It is judged as
    a promotion to that tag. A release that ran in the environment before is not judged again.

    Raises PromotionRefusedError for a digest that does not exist or lacks the evidence, and for
    production also for one that was not promoted to `release`. Raises RegistryError.
    """
    door = registry.client(workspace)
    stage = RELEASE if environment.name == PRODUCTION else TEST
    chosen = promote.resolve(door, digest) if digest else _tagged(door, stage)
    image = registry.image(door, chosen)
    version = image.label("org.opencontainers.image.version")
    _explain(workspace, door, chosen, f"{version} ({chosen})", "" if digest else stage)
    if not (digest and has_run(workspace, environment, chosen)):
        _require_promoted(door, stage, chosen, digest)
        candidate = promote.assess(workspace, door, stage, image, deploying=True)
        promote.refuse(
            candidate, stage, f"cannot be deployed to {environment.name}", BRING_BACK.format(stage)
        )
    return ReleaseTarget(chosen, version)


def _tagged(door: RegistryClient, stage: str) -> str:
    """Return the digest of a stage's tag; raises PromotionRefusedError where nothing has it."""
    try:
        return door.resolve(stage)
    except RegistryNotFoundError as error:
        raise PromotionRefusedError(
            f"No release has the tag {stage}, so that there is none to deploy.",
            why="What was built is deployed after it was promoted, or by its digest.",
            next_step=f"invoke promote-{stage}",
        ) from error


def _explain(
    workspace: Workspace, door: RegistryClient, chosen: str, words: str, stage: str
) -> None:
    """Say which release is deployed and why; what was built later is not meant by a tag."""
    say = workspace.terminal.say
    if not stage:
        say(f"Deploying {words}: its digest was named.")
        return
    say(f"Deploying {words}: the tag {stage} points at it.")
    try:
        built = door.resolve(BUILT)
    except (RegistryNotFoundError, RegistryUnauthorizedError):
        return
    if stage == TEST and built != chosen:
        workspace.terminal.warn(
            f"The last build, {built}, is another one: `invoke promote-test` lets it be deployed."
        )


def has_run(workspace: Workspace, environment: Environment, digest: str) -> bool:
    """Tell whether an environment has run a release before."""
    history = Site.open(workspace, environment).history
    return any(row.get("digest") == digest for row in history.releases())


def _require_promoted(door: RegistryClient, stage: str, chosen: str, digest: str) -> None:
    if stage == RELEASE and digest and promote.resolve(door, stage) != chosen:
        raise PromotionRefusedError(
            f"{chosen} is not the promoted release.",
            why=f"Only the digest of the tag {stage} can be deployed to {PRODUCTION}.",
            next_step="Promote it in CI first: invoke promote-release",
        )


def release(workspace: Workspace, target: ReleaseTarget) -> Release:
    """Return a target as something that Compose can run."""
    return Release(workspace.config.images.at(target.digest), target.digest, target.version)
