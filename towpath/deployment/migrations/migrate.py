"""Plan the migrations of an environment, judge them, back up the database, and apply them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from towpath.core.errors import GateFailedError
from towpath.deployment import rollback_target as rollback
from towpath.deployment.migrations import migrate_commands, reader
from towpath.deployment.migrations import rules as migrations
from towpath.deployment.migrations.backup import backup
from towpath.deployment.migrations.rules import HazardFinding, MigrationPlan
from towpath.environments import compose_commands as compose
from towpath.environments.environment import Release, Site
from towpath.environments.state.volume import BACKUPS
from towpath.evidence import record as stages

# In the order in which they import each other.
PARTS = ("related_models", "describing")
# The image has no towpath package, so that its modules are created from the source text.
_MODULE = """module = types.ModuleType({name!r})
exec({source!r}, module.__dict__)
sys.modules[{name!r}] = module
"""


@dataclass(frozen=True)
class Judged:
    """A migration plan with its hazards."""

    plan: MigrationPlan
    findings: tuple[HazardFinding, ...]


@dataclass(frozen=True)
class Migrated:
    """The migrations that were applied, and those in the database that the release lacks."""

    applied: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def plan(site: Site, release: Release) -> Judged:
    """Return the release's migration plan for the database of this environment, judged.

    Raises GateFailedError for conflicting migrations, CommandFailedError if the release cannot plan
    them, and NothingToJudgeError for an unreadable plan.
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
        f"Conflicting migrations, more than one is the last of its app: {said}.",
        why="They were created in parallel, and Django applies none until they are merged.",
        next_step="Run: python manage.py makemigrations --merge",
    )


def migrate(site: Site, release: Release, serving: str) -> Migrated:
    """Migrate the database for a release.

    `serving` is the digest that serves now, empty if none does. Raises GateFailedError, before
    anything is changed, for a hazard to it, and for a schema that is too new for the release;
    CommandFailedError and NothingToJudgeError.
    """
    judged = plan(site, release)
    refuse_past(site, release, judged.plan)
    _require_no_hazards(site, judged, serving)
    if not judged.plan.pending and not judged.plan.replaced:
        return Migrated(unknown=judged.plan.unknown)
    return Migrated(apply(site, release, judged, serving), judged.plan.unknown)


def apply(site: Site, release: Release, judged: Judged, serving: str) -> tuple[str, ...]:
    """Apply a judged plan, after a backup of existing data; return what was applied.

    A squashed migration that replaces applied ones is only recorded. Raises CommandFailedError and
    NothingToJudgeError.
    """
    if judged.plan.pending and not judged.plan.empty:
        backup(site, release)
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
    # Before applying, so that the history is complete even if the deployment is interrupted.
    site.history.add_migrations(rows)
    applied = tuple(reader.applied(_ask(site, release, "apply", judged.plan.hash)))
    site.workspace.terminal.say(f"  applied {len(applied)} migrations: {', '.join(applied)}")
    return applied


def show(site: Site, judged: Judged) -> None:
    """Print the pending migrations and their hazards."""
    terminal = site.workspace.terminal
    for row in judged.plan.pending:
        terminal.say(f"  pending: {row.name}")
    for finding in judged.findings:
        terminal.warn(f"{finding}" + (f" Waived: {finding.waived}" if finding.waived else ""))


def refusal(findings: list[HazardFinding]) -> GateFailedError:
    """Return the error for blocking hazards, with their codes."""
    codes = ", ".join(dict.fromkeys(row.code for row in findings))
    advice = " ".join(dict.fromkeys(f"{row.code}: {row.advice}" for row in findings))
    return GateFailedError(
        f"The migrations would break the serving release: {codes}.",
        why=" ".join(str(row) for row in findings),
        next_step=f"{advice} Or waive it: id = '{findings[0].code}:{findings[0].migration}'.",
    )


def _require_no_hazards(site: Site, judged: Judged, serving: str) -> None:
    show(site, judged)
    blocking = migrations.blocking(judged.findings)
    if blocking and serving:
        raise refusal(blocking)


def refuse_past(site: Site, release: Release, plan: MigrationPlan) -> None:
    """Raise GateFailedError if the schema is too new for a release, unless there is a waiver."""
    history = site.history
    past = rollback.moved_past(
        history.releases(), history.migrations(), release.digest, plan.unknown, plan.newer
    )
    waived, code = _waivers(site), migrations.MOVED_PAST
    left = [name for name in past if code not in waived and f"{code}:{name}" not in waived]
    if left and history.releases():
        raise GateFailedError(
            f"The schema of {site.name} is too new for {release.version}: {', '.join(left)}.",
            why="The release does not have these migrations, and they are not safe for it.",
            next_step="Fix forward with a new release, or restore the backup that was made "
            f"before them, in {BACKUPS} of the environment's state. If the release works with "
            f"them, waive it: id = '{code}:{left[0]}'.",
        )


def _ask(site: Site, release: Release, *words: str) -> str:
    """Run the migration program in a container of the release, and return its output."""
    settings = site.workspace.config.django.settings
    argv = compose.run(site.project, "migrate", migrate_commands.script(settings, *words))
    return site.compose(argv, release, stdin=program()).stdout


def program() -> str:
    """Return the program that the container runs, with the modules that it imports."""
    inside = files("towpath.product")

    def source(name: str) -> str:
        return inside.joinpath(f"{name}.py").read_text(encoding="utf-8")

    rows = [_MODULE.format(name=f"towpath.product.{row}", source=source(row)) for row in PARTS]
    return "import sys, types\n" + "".join(rows) + f"exec({source('migrate')!r})\n"
