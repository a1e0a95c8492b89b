"""Invoke tasks for deployments and the state of environments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry, with_engine, workspace
from towpath.tasks.durations import duration

if TYPE_CHECKING:
    from towpath.config.workspace import Workspace

_ENVIRONMENT = "An environment in pyproject.toml: development, staging or production."
_VERBOSE = "Show every command and what it prints."
_WAIT = (
    "How long to wait while another command deploys there, as in 90s or 5m; default: `wait` of the"
    " environment, else not at all."
)
_JSON = "Print JSON instead of a table."


def _suffix(environment: str) -> str:
    """Return the suffix of an environment's stages; the pipeline's own, staging, has none."""
    return "" if environment == "staging" else f"-{environment}"


def _patient(found: Workspace, environment: str, wait: str) -> Workspace:
    """Return a workspace whose environment is waited for this long; raises ConfigurationError."""
    place = found.config.environment(environment)
    if not wait:
        return found
    patient = replace(place, wait=duration(wait, "--wait", least=0))
    known = {**found.config.environments, environment: patient}
    return replace(found, config=replace(found.config, environments=known))


@task(
    help={
        "environment": _ENVIRONMENT,
        "digest": "Digest of the release; default: what the tag test (for production: release) "
        "points to.",
        "wait": _WAIT,
        "verbose": _VERBOSE,
    }
)
@entry
def deploy(
    _c: Context, environment: str, digest: str = "", wait: str = "", verbose: bool = False
) -> None:
    """Deploy a release without downtime, and verify that it answers requests."""
    from towpath.deployment import release_to_deploy as target
    from towpath.evidence import record as stages
    from towpath.pipeline import by_hand, delivery, holds, notifications

    found = _patient(workspace(verbose=verbose, environment=environment), environment, wait)
    place, suffix = found.config.environment(environment), _suffix(environment)
    with by_hand.recorded(found, notifications.deployment(environment)) as record:
        chosen = target.choose(found, place, digest)
        record.release(chosen.digest, chosen.version)
        holds.require_by_hand(found, environment, chosen.digest, chosen.version)
        release = (environment, chosen.digest, chosen.version)
        known = {"environment": environment, "digest": chosen.digest}
        with record.stage(f"deploy{suffix}", **known) as fields:
            fields |= delivery.deploy(found, f"deploy{suffix}", *release)[1]
        with record.stage(f"verify{suffix}", **known, version=chosen.version):
            stages.raise_for(delivery.verify(found, f"verify{suffix}", *release))
    found.terminal.say(f"{environment} now runs {chosen.version} at {place.url}")
    found.terminal.data(found.config.images.at(chosen.digest))


@task(help={"environment": _ENVIRONMENT, "wait": _WAIT, "verbose": _VERBOSE})
@entry
def rollback(_c: Context, environment: str, wait: str = "", verbose: bool = False) -> None:
    """Deploy the previous release again, and verify that it answers requests."""
    from towpath.deployment import deploy as flow
    from towpath.evidence import record as stages
    from towpath.pipeline import by_hand, delivery, notifications

    found = _patient(workspace(verbose=verbose, environment=environment), environment, wait)
    place, suffix = found.config.environment(environment), _suffix(environment)
    with by_hand.recorded(found, notifications.deployment(environment, rollback=True)) as record:
        with record.stage(f"deploy{suffix}", environment=environment, rollback=True) as fields:
            deployed = flow.rollback(found, place)
            fields |= {"digest": deployed.digest, "previous": deployed.previous or None}
        record.release(deployed.digest, deployed.version)
        release = (environment, deployed.digest, deployed.version)
        known = {"environment": environment, "digest": deployed.digest}
        with record.stage(f"verify{suffix}", **known, version=deployed.version):
            stages.raise_for(delivery.verify(found, f"verify{suffix}", *release))
    found.terminal.say(f"{environment} runs {deployed.version} again.")
    found.terminal.data(found.config.images.at(deployed.digest))


@task(
    help={
        "environment": _ENVIRONMENT,
        "reason": "Why, for the history and the evidence.",
        "digest": "Digest of one release; default: every release that is on hold there.",
    }
)
@entry
def resume(_c: Context, environment: str, reason: str = "", digest: str = "") -> None:
    """Take off the hold of an undone release: it may be promoted and deployed automatically."""
    from towpath.pipeline import holds

    holds.resume(workspace(engine=True), environment, reason, digest)


@task(help={"environment": _ENVIRONMENT, "reason": "Why the lock is taken away."})
@entry
def unlock(_c: Context, environment: str, reason: str = "") -> None:
    """Take the lock of an environment from a command that hangs; the next one ends its work."""
    from towpath.environments.environment import Site
    from towpath.evidence import record as stages

    found = workspace(environment=environment)
    site = Site.open(found, found.config.environment(environment))
    had = site.unlock(stages.stamp(stages.now()), reason)
    if not had:
        found.terminal.say(f"{environment} is not locked.")
        return
    found.terminal.say(f"{had} has lost the lock of {environment}, and cannot go on.")
    found.terminal.say(f"invoke deploy --environment={environment} finishes or undoes its work.")


@task(help={"json": _JSON})
@entry
def status(_c: Context, json: bool = False) -> None:
    """Show the release of each environment: version, digest, since when, and health."""
    from dataclasses import asdict
    from json import dumps

    from towpath.environments import status as flow

    found = workspace()
    if any(not place.engine for place in found.config.environments.values()):
        found = with_engine(found)
    rows = [flow.status_of(found, place) for place in found.config.environments.values()]
    if json:
        found.terminal.data(dumps([asdict(row) for row in rows], indent=1))
        return
    found.terminal.table(
        "Environments",
        ("environment", "version", "digest", "since", "web", "health"),
        [
            (
                row.environment,
                row.version,
                row.digest[:19],
                row.since,
                str(row.containers),
                "; ".join((row.health, *row.problems, *(f"on hold: {text}" for text in row.holds))),
            )
            for row in rows
        ],
    )


@task(
    help={
        "environment": f"{_ENVIRONMENT} Default: everything that the pipeline needs.",
        "strict": "End with 5 for a warning too.",
        "json": "Write JSON instead of lines.",
    }
)
@entry
def health(_c: Context, environment: str = "", strict: bool = False, json: bool = False) -> None:
    """Check engine, registries, disks, environments and services; exit 5 if something is wrong."""
    from towpath.operations import health as flow

    # An engine that does not answer is a finding: none is started.
    flow.health(workspace(), environment=environment, as_json=json, strict=strict)


@task(help={"environment": _ENVIRONMENT, "json": _JSON})
@entry
def history(_c: Context, environment: str, json: bool = False) -> None:
    """List the releases that an environment has run, and the holds on others, the newest last."""
    from json import dumps

    from towpath.deployment import holds
    from towpath.environments.environment import Site

    found = workspace(environment=environment)
    kept = Site.open(found, found.config.environment(environment)).history
    rows = sorted([*kept.releases(), *holds.acts(kept.holds())], key=lambda row: str(row["at"]))
    if json:
        found.terminal.data(dumps(rows, indent=1))
        return
    found.terminal.table(
        f"History of {environment}",
        ("at", "act", "version", "digest", "before", "by", "why"),
        [
            (
                *(row["at"], row["kind"], row["version"]),
                *(row["digest"][:19], row["previous"][:19], row["by"], row.get("why", "")),
            )
            for row in rows
        ],
    )
