"""The backup of a database before it is migrated, and how many backups are kept."""

from __future__ import annotations

from towpath.config.services import SQLITE, Service
from towpath.config.variables import DATA_DIRECTORY
from towpath.core.errors import CommandFailedError
from towpath.deployment.migrations import backup_commands
from towpath.environments import compose_commands as compose
from towpath.environments.environment import Release, Site
from towpath.environments.state.commands import volume_of
from towpath.environments.state.volume import BACKUPS
from towpath.evidence import record as stages

MOST_BACKUPS = 5
# In the volume of the database, where the product's user may write.
_COPY = f"{DATA_DIRECTORY}/.towpath-backup"


def backup(site: Site, release: Release) -> tuple[str, ...]:
    """Back up every database of an environment, delete old backups, and return the file names.

    The image of `release` copies a database that is a file. A database that runs elsewhere is not
    backed up, which is a warning. Raises CommandFailedError for a failed or empty backup.
    """
    config = site.workspace.config
    databases = [row for row in config.services.values() if row.is_database]
    here = [row for row in databases if row.is_container or row.kind == SQLITE]
    if not here:
        site.workspace.terminal.warn(
            f"No backup before the migrations: {site.name} has no database of its own."
        )
    names = tuple(_backup(site, release, row, several=len(here) > 1) for row in here)
    _delete_old(site, MOST_BACKUPS * max(1, len(here)))
    return names


def _delete_old(site: Site, most: int) -> None:
    kept = [row.name for row in site.state.files(BACKUPS) if row.name.endswith(".dump")]
    for old in kept[:-most]:
        site.state.remove(f"{BACKUPS}/{old}")


def _backup(site: Site, release: Release, service: Service, *, several: bool) -> str:
    """Back up one database, and return the name of the file."""
    own = f"-{service.name}" if several else ""
    name = f"{stages.now():%Y%m%dT%H%M%S%fZ}{own}.dump"
    part = f"{name}.part"
    if service.kind == SQLITE:
        _copy_file(site, release, service, part)
    else:
        # As root, because the directory is root's alone.
        words = backup_commands.dump(service, f"/backups/{part}")
        site.compose(compose.execute(site.project, service.name, words, user="root"), release)
    if not any(row.name == part and row.size for row in site.state.files(BACKUPS)):
        raise CommandFailedError(
            "The backup of the database is empty.",
            why=f"See {BACKUPS} in the volume {volume_of(site.environment_project)}.",
        )
    site.state.move(f"{BACKUPS}/{part}", f"{BACKUPS}/{name}")
    return name


def _copy_file(site: Site, release: Release, service: Service, name: str) -> None:
    """Copy the file of a database: first as the product's user, then as root, who has backups."""
    path = f"{DATA_DIRECTORY}/{service.file.rpartition('/')[2]}"
    words = backup_commands.copy_sqlite(path, _COPY)
    site.compose(compose.run(site.project, "migrate", words), release)
    words = backup_commands.copy(_COPY, f"/backups/{name}")
    site.compose(compose.run(site.project, "migrate", words, user="0:0"), release)
    words = backup_commands.remove(_COPY)
    site.compose(compose.run(site.project, "migrate", words), release)
