"""Promotion: one digest gets another tag if its evidence allows it. Nothing is rebuilt."""

from __future__ import annotations

import time
from dataclasses import dataclass

from towpath.config import waivers as policy
from towpath.config.workspace import Workspace
from towpath.core.errors import PromotionRefusedError, RegistryNotFoundError
from towpath.core.references import RELEASE
from towpath.core.references import digest as whole_digest
from towpath.core.references import tag
from towpath.core.subject import Subject
from towpath.evidence import record as stages
from towpath.evidence import registry as evidence
from towpath.promotion import availability as promotion
from towpath.promotion.availability import PromotionCandidate, PromotionContext, PromotionDecision
from towpath.registry import image as registries
from towpath.registry import publish as mirror
from towpath.registry import push_lock as guard
from towpath.registry.client import RegistryClient
from towpath.registry.image import Image

MAKE_IT = "Produce the missing evidence with `invoke pipeline`, then promote again."


@dataclass(frozen=True)
class Promoted:
    """A promoted image. `not_evaluated` gates were not evaluated, `accepted` reasons are waived."""

    digest: str
    version: str
    tag: str
    not_evaluated: tuple[str, ...]
    seconds: float
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A release in the registry, and the objections to its promotion."""

    image: Image
    release: PromotionCandidate
    availability: PromotionDecision


@guard.pushes
def promote(workspace: Workspace, stage: str, digest: str = "") -> Promoted:
    """Move a release to `test` or `release`; without a digest the one of the stage before.

    Raises PromotionRefusedError with every reason, and then no tag has moved.
    """
    started, begun = time.monotonic(), stages.now()
    if stage == RELEASE and not workspace.config.in_ci:
        raise PromotionRefusedError(
            "Cannot promote to release outside CI.",
            why=promotion.OUTSIDE_CI,
            next_step="Run it in CI; `invoke evidence.verify` evaluates a digest anywhere.",
        )
    registry = registries.client(workspace)
    chosen = resolve(registry, digest or promotion.PREVIOUS[stage])
    _obey_branches(workspace, stage)
    with workspace.terminal.step(f"Evaluate {chosen} for {stage}"):
        candidate = judge(workspace, registry, stage, chosen)
    refuse(candidate, stage)
    for words in candidate.availability.accepted:
        workspace.terminal.warn(words)
    mirror.publish(workspace, (chosen, (stage,)))
    seconds = time.monotonic() - started
    release, not_evaluated = candidate.release, candidate.availability.not_evaluated
    statement = stages.record(
        workspace,
        stages.StageRecord(
            stage=f"promote-{stage}",
            subject=Subject.image(workspace.config.repository, chosen),
            facts={
                "digest": chosen,
                "tag": stage,
                "version": release.version,
                "not_evaluated": list(not_evaluated),
                "accepted": list(candidate.availability.accepted),
                "judged": {name: row.sha256 for name, row in release.statements.items()},
                **stages.run_facts(workspace.config),
            },
            inputs=chosen,
            started=begun,
            duration=seconds,
        ),
    )
    evidence.push(registry, chosen, [statement])
    mirror.publish(workspace, (chosen, ()))
    accepted = candidate.availability.accepted
    return Promoted(chosen, release.version, stage, not_evaluated, seconds, accepted)


def _obey_branches(workspace: Workspace, stage: str) -> None:
    """Raise PromotionRefusedError where this run may not go as far as the stage."""
    limit = workspace.config.limit()
    if not limit.allows(stage):
        raise PromotionRefusedError(
            f"This run may only go to {limit.reach} and cannot promote to {stage}.",
            why=limit.why,
            next_step=limit.next_step,
        )


def judge(workspace: Workspace, registry: RegistryClient, stage: str, digest: str) -> Candidate:
    """Push the local evidence of a digest, then evaluate the evidence in the registry.

    Raises RegistryNotFoundError for a digest that does not exist, and NothingToJudgeError for
    evidence that cannot be read.
    """
    image = registries.image(registry, digest)
    evidence.push(registry, digest, evidence.local(workspace, image))
    return assess(workspace, registry, stage, image)


def assess(
    workspace: Workspace,
    registry: RegistryClient,
    stage: str,
    image: Image,
    *,
    deploying: bool = False,
    described: PromotionCandidate | None = None,
) -> Candidate:
    """Evaluate an image by the evidence in the registry; nothing is written.

    With `deploying` it is judged whether it may run where that stage runs. `described` is what
    `describe` returned of it a moment ago.
    """
    config = workspace.config
    release = described or describe(registry, image)
    situation = PromotionContext(
        rules=stages.rules(config),
        platforms=config.platforms,
        previous=_tagged(registry, promotion.PREVIOUS[stage]),
        in_ci=config.in_ci,
        deploying=deploying,
        accepted=policy.acceptances(config.waivers),
    )
    return Candidate(image, release, promotion.is_available(release, stage, situation))


def describe(registry: RegistryClient, image: Image) -> PromotionCandidate:
    """Return the release of an image: its source from the labels, and its evidence."""
    found = evidence.gather(registry, image.digest)
    return PromotionCandidate(
        repository=registry.repository.name,
        digest=image.digest,
        version=image.label("org.opencontainers.image.version"),
        commit=image.label("org.opencontainers.image.revision"),
        tree=image.label("dev.towpath.tree"),
        dirty=image.label("dev.towpath.dirty") != "false",
        platforms=tuple(image.platforms),
    ).with_evidence(found.statements, found.problems)


def resolve(registry: RegistryClient, reference: str) -> str:
    """Return the digest of a tag or digest; raises PromotionRefusedError if there is none."""
    wanted = whole_digest(reference) if ":" in reference else tag(reference)
    try:
        return registry.resolve(wanted)
    except RegistryNotFoundError as error:
        raise PromotionRefusedError(
            f"{registry.repository} has no {wanted}.",
            why=error.why,
            next_step="List the images with `invoke registry.inspect`, or run `invoke build`.",
        ) from error


def _tagged(registry: RegistryClient, tag: str) -> str:
    try:
        return registry.resolve(tag)
    except RegistryNotFoundError:
        return ""


def refuse(candidate: Candidate, stage: str, what: str = "", next_step: str = "") -> None:
    """Raise PromotionRefusedError with every reason against a promotion, if there is one.

    `what` and `next_step` replace the texts for a promotion to the stage.
    """
    if candidate.availability.ok:
        return
    release = candidate.release
    raise PromotionRefusedError(
        f"{release.version} ({release.digest}) {what or f'cannot be promoted to {stage}'}.",
        why="\n".join(candidate.availability.reasons),
        next_step=next_step or MAKE_IT,
    )
