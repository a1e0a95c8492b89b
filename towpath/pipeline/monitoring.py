"""The stage `monitor`: watch production after its verification, and roll back what fails."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.errors import DeploymentUndoneError, TowpathError
from towpath.core.subject import Subject
from towpath.deployment import holds as held
from towpath.evidence import record as stages
from towpath.evidence import registry as evidence
from towpath.evidence.statement import Statement
from towpath.gates import Status
from towpath.pipeline import delivery, holds
from towpath.pipeline.document import StageResult
from towpath.pipeline.run import Run
from towpath.registry import image as registry
from towpath.registry import push_lock

STAGE = "monitor"
# What the report shows of it, beside environment, digest and version.
SHOWN = (
    *("seconds", "requests", "probes", "error_percent", "p95_ms"),
    *("cpu_percent", "memory_percent", "restarts", "unhealthy", "early"),
)


def monitoring(environment: str) -> delivery.Act:
    """Return the stage that watches an environment for as long as its settings say."""

    def act(run: Run) -> StageResult:
        started = time.monotonic()
        place = run.workspace.config.environment(environment)
        statement = watch(run.workspace, place, run.digest, run.source.version)
        facts = statement.facts
        fields = {"environment": environment, "digest": run.digest, "version": facts["version"]}
        fields |= {name: facts[name] for name in SHOWN if name in facts}
        result = delivery.result(statement, started, fields)
        failed = result.error
        if failed is None or statement.status is not Status.FAILED or not place.monitor_rollback:
            return result
        return _rolled_back(run.workspace, place, result, failed, run.digest)

    return act


def skipped(environments: Mapping[str, Environment], environment: str) -> str:
    """Return why a run has no stage `monitor`; empty if it has one."""
    place = environments.get(environment)
    if place is not None and place.monitor:
        return ""
    return (
        f"No stage {STAGE} in this run: tool.towpath.environments.{environment}.monitor is 0"
        " or not set."
    )


def watch(workspace: Workspace, place: Environment, digest: str, version: str) -> Statement:
    """Watch an environment, record what was measured, and push the evidence to the registry.

    Raises CommandFailedError if it cannot be watched, RegistryError; the verdict is in the result.
    """
    from towpath.environments.environment import Site
    from towpath.operations.monitor import monitor as monitors

    begun, started = stages.now(), time.monotonic()
    site = Site.open(workspace, place)
    watched = monitors.monitor(site, place.monitor, workspace.terminal.say, digest)
    facts: dict[str, Any] = {"environment": place.name, "digest": digest, "version": version}
    facts |= watched.figures.facts()
    if watched.early:
        facts["early"] = watched.early
    notes = [*(watched.figures.unhealthy or ()), watched.early, *watched.figures.problems]
    return _record(
        workspace,
        stages.StageRecord(
            stage=STAGE,
            subject=Subject.image(workspace.config.repository, digest),
            facts=facts,
            inputs=digest,
            started=begun,
            duration=time.monotonic() - started,
            detail="; ".join(filter(None, notes)),
        ),
        digest,
    )


@push_lock.pushes
def _record(workspace: Workspace, found: stages.StageRecord, digest: str) -> Statement:
    statement = stages.record(workspace, found)
    evidence.push(registry.client(workspace), digest, [statement])
    return statement


def _rolled_back(
    workspace: Workspace,
    place: Environment,
    result: StageResult,
    failed: TowpathError,
    digest: str,
) -> StageResult:
    """Return the result after a rollback, or with why there was none; `failed` is its error.

    The error of a rollback does not replace that of the gates: both are said.
    """
    try:
        version, fields = roll_back(workspace, place, digest)
    except TowpathError as error:
        words = f"{place.name} was not rolled back: {error.what}"
        told = type(failed)(
            failed.what,
            why=f"{failed.why} {words}",
            next_step=f"invoke rollback --environment={place.name}",
        )
        return replace(result, reason=f"{result.reason}; {words}", error=told)
    holds.place(workspace, place.name, digest, str(result.fields["version"]), failed.what)
    undone = DeploymentUndoneError(
        f"{place.name} was rolled back to {version}: {failed.what}",
        why=f"{result.reason} {held.NOTE}",
        next_step="Fix the release and run the pipeline again, or take the hold off:"
        f" {held.command(place.name)}",
    )
    return replace(
        result,
        fields={**result.fields, **fields},
        reason=f"{result.reason}; rolled back to {version}",
        error=undone,
    )


def roll_back(workspace: Workspace, place: Environment, digest: str) -> tuple[str, dict[str, Any]]:
    """Bring the previous release back if `digest` still serves; return its version, and fields.

    Raises DeploymentUndoneError if something else serves by now, and the errors of a rollback.
    """
    from towpath.deployment import deploy as deployments
    from towpath.deployment import traffic
    from towpath.deployment import verify as verifications
    from towpath.environments.environment import Site

    if traffic.serving_digest(Site.open(workspace, place)) != digest:
        raise DeploymentUndoneError(f"{digest} does not serve there any more.")
    deployed = deployments.rollback(workspace, place)
    fields: dict[str, Any] = {"rolled_back": deployed.version, "restored": deployed.digest}
    facts = verifications.verify(workspace, place, deployed.digest, deployed.version)
    if facts["problems"]:
        fields["after_rollback"] = facts["problems"]
    return deployed.version, fields
