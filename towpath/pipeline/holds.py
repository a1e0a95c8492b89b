"""Holds in the evidence of a release, so that a promotion on any machine sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from towpath.config.workspace import Workspace
from towpath.core.errors import DeploymentUndoneError, RegistryError
from towpath.core.subject import Subject
from towpath.deployment import holds
from towpath.environments.environment import Site
from towpath.evidence import record as stages
from towpath.evidence import registry as evidence
from towpath.operations.notify.notice import actor
from towpath.promotion.availability import HOLD
from towpath.registry import image as registry
from towpath.registry import push_lock


def require_none(workspace: Workspace, environment: str, digest: str, version: str) -> None:
    """Raise PromotionRefusedError for an automatic deployment of a release that is on hold."""
    holds.require_none(_site(workspace, environment), digest, version)


def require_by_hand(workspace: Workspace, environment: str, digest: str, version: str) -> None:
    """Say that a release is on hold; in CI, where nobody decides, raise PromotionRefusedError."""
    site = _site(workspace, environment)
    if workspace.config.in_ci:
        holds.require_none(site, digest, version)
    elif why := holds.of(site, digest):
        workspace.terminal.warn(f"{version} is on hold in {environment}, {why}")


def place(workspace: Workspace, environment: str, digest: str, version: str, why: str) -> None:
    """Put a release on hold in the history of an environment, and in its evidence."""
    site = _site(workspace, environment)
    with site.locked(stages.stamp(stages.now())):
        holds.place(site, digest, version, why)
    _try_record(workspace, environment, digest, holds.of(site, digest))


@contextmanager
def recorded(workspace: Workspace, environment: str, digest: str, version: str) -> Iterator[None]:
    """Attach the hold of a deployment that is undone to its release; its error goes on."""
    try:
        yield
    except DeploymentUndoneError:
        if why := holds.of(_site(workspace, environment), digest):
            _try_record(workspace, environment, digest, f"{version} was undone {why}")
        raise


def resume(workspace: Workspace, environment: str, reason: str, digest: str = "") -> None:
    """Take the holds of an environment off, or that of one digest.

    Raises ConfigurationError where nothing is on hold or no reason is given, LockedError, and
    RegistryError where the evidence cannot be written: the hold stays then.
    """
    site, by = _site(workspace, environment), actor(workspace.config.env)
    with site.locked(stages.stamp(stages.now())):
        for row in holds.chosen(site, reason, digest):
            facts = {"resumed": reason, "by": by}
            _record(workspace, environment, row["digest"], "", facts)
        for row in holds.take_off(site, reason, by, digest):
            workspace.terminal.say(f"{row['version']} is no longer on hold in {environment}.")


def _site(workspace: Workspace, environment: str) -> Site:
    return Site.open(workspace, workspace.config.environment(environment))


def _try_record(workspace: Workspace, environment: str, digest: str, why: str) -> None:
    """Attach a hold; without the registry it is in the environment's history alone."""
    try:
        _record(workspace, environment, digest, why, {})
    except RegistryError as error:
        workspace.terminal.warn(
            f"The hold in {environment} could not be attached to the release: {error.what}"
        )


@push_lock.pushes
def _record(
    workspace: Workspace, environment: str, digest: str, why: str, facts: Mapping[str, Any]
) -> None:
    statement = stages.record(
        workspace,
        stages.StageRecord(
            stage=f"{HOLD}{environment}",
            subject=Subject.image(workspace.config.repository, digest),
            facts={"environment": environment, "digest": digest, **facts},
            inputs=digest,
            started=stages.now(),
            duration=0.0,
            reason=why,
        ),
    )
    evidence.push(registry.client(workspace), digest, [statement])
