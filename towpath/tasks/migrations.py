"""Invoke tasks for the database migrations of a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry, workspace

if TYPE_CHECKING:
    from towpath.deployment.migrations.migrate import Judged
    from towpath.environments.environment import Release, Site

_HELP = {
    "environment": "Environment whose database is used: development, staging or production.",
    "digest": "Digest of the release; default: that of the tag test (for production: release).",
    "verbose": "Show every command and what it prints.",
}


@task(help=_HELP)
@entry
def plan(_c: Context, environment: str, digest: str = "", verbose: bool = False) -> None:
    """List the migrations that a release would apply, and their hazards."""
    _show(*_judged(environment, digest, verbose))


@task(help=_HELP)
@entry
def check(_c: Context, environment: str, digest: str = "", verbose: bool = False) -> None:
    """Check the migrations of a release; exit 4 if one would break the running release."""
    from towpath.deployment.migrations import migrate
    from towpath.deployment.migrations import rules as migrations

    site, release, judged = _judged(environment, digest, verbose)
    _show(site, release, judged)
    migrate.refuse_past(site, release, judged.plan)
    blocking = migrations.blocking(judged.findings)
    if blocking:
        raise migrate.refusal(blocking)


@task(help=_HELP)
@entry
def apply(_c: Context, environment: str, digest: str = "", verbose: bool = False) -> None:
    """Apply the migrations of a release after a backup, unless the running release would break."""
    from towpath.deployment import traffic
    from towpath.deployment.migrations import migrate
    from towpath.evidence import record as stages

    site, release = _place(environment, digest, verbose)
    with site.locked(stages.stamp(stages.now())):
        migrate.migrate(site, release, traffic.serving_digest(site))


def _place(environment: str, digest: str, verbose: bool) -> tuple[Site, Release]:
    """Return the site with its database running, and the chosen release."""
    from towpath.deployment import release_to_deploy as target
    from towpath.environments import services as stack
    from towpath.environments.environment import Site

    found = workspace(verbose=verbose, environment=environment)
    place = found.config.environment(environment)
    release = target.release(found, target.choose(found, place, digest))
    stack.services_up(found, place)
    return Site.open(found, place), release


def _judged(environment: str, digest: str, verbose: bool) -> tuple[Site, Release, Judged]:
    from towpath.deployment.migrations import migrate

    site, release = _place(environment, digest, verbose)
    return site, release, migrate.plan(site, release)


def _show(site: Site, release: Release, judged: Judged) -> None:
    terminal = site.workspace.terminal
    terminal.table(
        f"Migrations of {release.version} for {site.name}",
        ("migration", "hazards"),
        [
            (
                row.name,
                ", ".join(
                    f"{finding.code}{' (waived)' if finding.waived else ''}"
                    for finding in judged.findings
                    if finding.migration == row.name
                ),
            )
            for row in judged.plan.pending
        ],
    )
    for finding in judged.findings:
        terminal.warn(f"{finding} {finding.advice}")
