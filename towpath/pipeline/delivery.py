"""The stages from the build on: run each, write its statement, and return its result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from towpath.config.workspace import Workspace
from towpath.core.errors import RegistryNotFoundError, RegistryUnauthorizedError
from towpath.core.references import BUILT, version_tag
from towpath.core.subject import Subject
from towpath.evidence import record as stages
from towpath.evidence import registry as evidence
from towpath.evidence.statement import Statement
from towpath.images import build as builds
from towpath.images.options import PRODUCTION
from towpath.pipeline import document as report
from towpath.pipeline import first_image
from towpath.pipeline.document import StageResult
from towpath.pipeline.run import Run
from towpath.promotion import availability as promotion
from towpath.promotion import promote
from towpath.registry import image as registry
from towpath.registry import push_lock
from towpath.scanning import scan as scans

# What the report shows of a build.
SHOWN = ("digest", "platforms", "sizes", "image_size")

Act = Callable[[Run], StageResult]


def result(
    statement: Statement, started: float, fields: dict[str, Any], *, reused: bool = False
) -> StageResult:
    """Return the result of a stage; `started` is a monotonic time in seconds.

    A stage that only lacks a source of advisories does not stop the run: it stays errored, and the
    gates that were not evaluated are listed.
    """
    not_evaluated = promotion.unevaluated_gates(statement)
    return StageResult(
        statement.stage,
        statement.status,
        time.monotonic() - started,
        fields | ({"not_evaluated": list(not_evaluated)} if not_evaluated else {}),
        reason=statement.reason,
        saved=statement.duration if reused else None,
        measured=statement.started if reused else "",
        error=None if not_evaluated else stages.error_of(statement),
    )


def build(run: Run) -> StageResult:
    """Build and push all platforms, unless the registry already has this source's image.

    Raises the errors of `images.build.build_all`.
    """
    started, begun = time.monotonic(), stages.now()
    workspace, source = run.workspace, run.source
    asked = workspace.config.platforms
    reused = None if run.fresh else _reusable_build(workspace, run)
    if reused is None:
        run.workspace, run.source, built = first_image.build_all(workspace, source, platforms=asked)
        statement = builds.record(
            run.workspace, run.source, built[PRODUCTION], asked, started=begun
        )
    else:
        statement = reused
    run.digest = str(statement.facts["digest"])
    fields = {name: statement.facts[name] for name in SHOWN}
    if foreign := statement.facts.get("registry_wheels"):
        fields["registry_wheels"] = foreign
    return result(statement, started, fields, reused=reused is not None)


def scan(run: Run) -> StageResult:
    """Scan the built image, unless it was already scanned today; raises as `scanning.scan.scan`."""
    started, begun = time.monotonic(), stages.now()
    workspace = run.workspace
    inputs = scans.inputs(workspace, run.digest)
    reused = None if run.fresh else stages.reusable(workspace.config, "scan", inputs)
    statement = reused or scans.record(workspace, scans.scan(workspace, run.digest), started=begun)
    found = report.severities(statement.facts)
    fields: dict[str, Any] = {"vulnerabilities": found} if found else {}
    shown = ("above_base", "growth", "owners", "sbom")
    fields |= {name: statement.facts[name] for name in shown if statement.facts.get(name)}
    return result(statement, started, fields, reused=reused is not None)


def promoting(stage: str) -> Act:
    """Return the stage that promotes the digest to `test` or `release`."""
    name = f"promote-{stage}"

    def act(run: Run) -> StageResult:
        started = time.monotonic()
        promoted = promote.promote(run.workspace, stage, run.digest)
        fields: dict[str, Any] = {"digest": promoted.digest, "tag": promoted.tag}
        if promoted.not_evaluated:
            fields["not_evaluated"] = list(promoted.not_evaluated)
        if promoted.accepted:
            fields["accepted"] = list(promoted.accepted)
        return result(stages.require(run.workspace.config, name), started, fields)

    return act


def deploying(name: str, environment: str) -> Act:
    """Return the stage `name`, which deploys the digest to an environment."""

    def act(run: Run) -> StageResult:
        started = time.monotonic()
        statement, fields = deploy(run.workspace, name, environment, run.digest, run.source.version)
        return result(statement, started, fields)

    return act


def verifying(name: str, environment: str) -> Act:
    """Return the stage `name`, which verifies what an environment serves."""

    def act(run: Run) -> StageResult:
        started = time.monotonic()
        statement = verify(run.workspace, name, environment, run.digest, run.source.version)
        shown = ("environment", "digest", "version")
        return result(statement, started, {key: statement.facts[key] for key in shown})

    return act


def deploy(
    workspace: Workspace, name: str, environment: str, digest: str, version: str
) -> tuple[Statement, dict[str, Any]]:
    """Deploy a digest, record it as the stage `name`, and return the values for the report.

    Raises the errors of `deployment.deploy.deploy`.
    """
    from towpath.deployment import deploy as deployments

    begun = stages.now()
    place = workspace.config.environment(environment)
    deployed = asdict(deployments.deploy(workspace, place, digest, version))
    shown = {key: deployed[key] or None for key in ("environment", "digest", "previous")}
    if deployed["migrations"]:
        shown["migrations"] = list(deployed["migrations"])
    statement = stages.record(
        workspace,
        stages.StageRecord(
            stage=name,
            subject=Subject.image(workspace.config.repository, digest),
            facts=deployed,
            inputs=digest,
            started=begun,
            duration=deployed["seconds"],
        ),
    )
    return statement, shown


@push_lock.pushes
def verify(
    workspace: Workspace, name: str, environment: str, digest: str, version: str
) -> Statement:
    """Verify what an environment serves, and push the evidence to the registry.

    Raises ConfigurationError, CommandFailedError and RegistryError; the verdict is in the result.
    """
    from towpath.deployment import verify as verifications

    begun, started = stages.now(), time.monotonic()
    place = workspace.config.environment(environment)
    facts = verifications.verify(workspace, place, digest, version)
    statement = stages.record(
        workspace,
        stages.StageRecord(
            stage=name,
            subject=Subject.image(workspace.config.repository, digest),
            facts={**facts, "environment": environment, "digest": digest, "version": version},
            inputs=digest,
            started=begun,
            duration=time.monotonic() - started,
            gates_of="verify",
            reason="; ".join(facts["problems"]),
        ),
    )
    evidence.push(registry.client(workspace), digest, [statement])
    return statement


def _reusable_build(workspace: Workspace, run: Run) -> Statement | None:
    """Return the build's statement if the registry still has its digest under both tags."""
    inputs = builds.inputs(workspace, run.source, workspace.config.platforms)
    statement = stages.reusable(workspace.config, "build", inputs)
    if statement is None or not set(SHOWN) <= set(statement.facts):
        return None
    door = registry.client(workspace)
    try:
        named = {door.resolve(tag) for tag in (version_tag(run.source.version), BUILT)}
    except (RegistryNotFoundError, RegistryUnauthorizedError):
        # The tag does not exist; many registries answer "unauthorized" for that.
        return None
    if named and all(name == statement.facts["digest"] for name in named):
        return statement
    return None
