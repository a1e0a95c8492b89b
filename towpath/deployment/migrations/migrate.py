"""Migrations of an environment: planned by the release itself, judged, backed up, applied."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files

from towpath.checks.lint import django_commands as django
from towpath.core import private
from towpath.core.errors import CommandFailedError, GateFailedError
from towpath.deployment import plan as rollout
from towpath.deployment.migrations import reader
from towpath.deployment.migrations import rules as migrations
from towpath.deployment.migrations.rules import HazardFinding, MigrationPlan
from towpath.environments import compose_commands as compose
from towpath.environments.environment import Release, Site
from towpath.evidence import record as stages

KEPT_BACKUPS = 5
PARTS = ("describing", "migrate")
# The release has no towpath: what is loaded under its name is not looked for.
_LOADER = """import sys, types
module = types.ModuleType({name!r})
exec({describing!r}, module.__dict__)
sys.modules[{name!r}] = module
exec({migrate!r})
"""


@dataclass(frozen=True)
class Judged:
    """A plan with every hazard in it."""

    plan: MigrationPlan
    findings: tuple[HazardFinding, ...]


def plan(site: Site, release: Release) -> Judged:
    """Ask the release what it would do to the database of this environment, and judge it.

    Raises GateFailedError where Django would not apply anything, for two last migrations of an app.
    """
    found = reader.plan(_ask(site, release, "plan"))
    if found.conflicts:
        raise _conflict(found.conflicts)
    return Judged(found, tuple(migrations.judge(found, _waivers(site))))


def _waivers(site: Site) -> dict[str, str]:
    today = stages.now().date()
    rows = site.workspace.config.waivers
    return {row.id: row.reason for row in rows if row.expires >= today}


def _conflict(conflicts: tuple[tuple[str, ...], ...]) -> GateFailedError:
    said = "; ".join(" and ".join(names) for names in conflicts)
    return GateFailedError(
        f"More than one migration is the last of its app: {said}.",
        why="They were made side by side, and Django applies none before they are joined.",
        next_step="python manage.py makemigrations --merge",
    )


def migrate(site: Site, release: Release, serving: str) -> tuple[str, ...]:
    """Bring the database to a release, if that breaks nothing that serves; return what is unknown.

    `serving` is the digest that serves now, empty if none does. Raises GateFailedError, before
    anything is changed, for a hazard to it, and for a schema that has moved past the release.
    """
    judged = plan(site, release)
    refuse_past(site, release, judged.plan)
    _refuse_hazards(site, judged, serving)
    if judged.plan.pending or judged.plan.replaced:
        apply(site, release, judged, serving)
    return judged.plan.unknown


def apply(site: Site, release: Release, judged: Judged, serving: str) -> None:
    """Apply a judged plan, behind a backup of the data that is there.

    A squashed migration that replaces applied ones is written down, which changes no table.
    """
    if judged.plan.pending and not judged.plan.empty:
        backup(site)
    blocking = {row.migration for row in judged.findings if row.blocks}
    rows = [
        {
            "name": row.name,
            "safe": row.name not in blocking,
            "over": serving,
            "at": stages.stamp(stages.now()),
        }
        for row in judged.plan.pending
    ]
    at = stages.stamp(stages.now())
    rows += [
        {"name": name, "safe": True, "over": serving, "at": at} for name in judged.plan.replaced
    ]
    # Before the act: what was applied by a deployment that was cut off has to be known too.
    site.history.add_migrations(rows)
    applied = reader.applied(_ask(site, release, "apply", judged.plan.hash))
    site.workspace.terminal.say(f"  applied {len(applied)} migrations: {', '.join(applied)}")


def backup(site: Site) -> str:
    """Write the database into the environment's backups, keep the newest few, return the name."""
    directory = site.state / "backups"
    name = f"{stages.now():%Y%m%dT%H%M%S%fZ}.dump"
    # As root: the directory belongs to whoever deploys, whatever number that is.
    argv = compose.execute(
        site.project, "database", django.dump(f"/backups/{name}.part"), user="root"
    )
    site.compose(argv)
    part = directory / f"{name}.part"
    if not part.is_file() or not part.stat().st_size:
        raise CommandFailedError("The backup of the database is empty.", why=f"See {directory}.")
    # It was written by another user of the container; where it is not ours, its directory is.
    with suppress(PermissionError):
        part.chmod(private.FILE)
    part.replace(directory / name)
    for old in sorted(directory.glob("*.dump"))[:-KEPT_BACKUPS]:
        old.unlink()
    return name


def tell(site: Site, judged: Judged) -> None:
    """Tell the pending migrations and their hazards."""
    terminal = site.workspace.terminal
    for row in judged.plan.pending:
        terminal.say(f"  pending: {row.name}")
    for finding in judged.findings:
        terminal.warn(f"{finding}" + (f" Waived: {finding.waived}" if finding.waived else ""))


def refusal(findings: list[HazardFinding]) -> GateFailedError:
    """Return the error that names the hazards' codes."""
    codes = ", ".join(dict.fromkeys(row.code for row in findings))
    advice = " ".join(dict.fromkeys(f"{row.code}: {row.advice}" for row in findings))
    return GateFailedError(
        f"The migrations would break the release that serves: {codes}.",
        why=" ".join(str(row) for row in findings),
        next_step=f"{advice} Or waive it: id = '{findings[0].code}:{findings[0].migration}'.",
    )


def _refuse_hazards(site: Site, judged: Judged, serving: str) -> None:
    tell(site, judged)
    blocking = migrations.blocking(judged.findings)
    if blocking and serving:
        raise refusal(blocking)


def refuse_past(site: Site, release: Release, found: MigrationPlan) -> None:
    """Raise GateFailedError where the schema has moved past a release, and no waiver excuses it."""
    history = site.history
    past = rollout.moved_past(
        history.releases(), history.migrations(), release.digest, found.unknown, found.newer
    )
    excused, code = _waivers(site), migrations.MOVED_PAST
    left = [name for name in past if code not in excused and f"{code}:{name}" not in excused]
    if left and history.releases():
        raise GateFailedError(
            f"The schema of {site.name} has moved past {release.version}: {', '.join(left)}.",
            why="That release does not have these migrations, and they were not safe for it.",
            next_step="Fix forward with a new release, or restore the backup that was made "
            f"before them, in {site.state / 'backups'}. Where the release can live with them, "
            f"waive it: id = '{code}:{left[0]}'.",
        )


def _ask(site: Site, release: Release, *words: str) -> str:
    """Run our program in a container of the release, and return what it said."""
    settings = site.workspace.config.django.settings
    argv = compose.run(site.project, "migrate", django.script(settings, *words))
    return site.compose(argv, release, stdin=program()).stdout


def program() -> str:
    """Return what a container runs: our program, after the module that it imports."""
    inside = files("towpath.product")
    parts = {name: inside.joinpath(f"{name}.py").read_text(encoding="utf-8") for name in PARTS}
    return _LOADER.format(name="towpath.product.describing", **parts)
