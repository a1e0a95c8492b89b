"""The backup of a database before it is migrated, and how many backups are kept."""

from __future__ import annotations

import os
from contextlib import suppress

from towpath.config.services import SQLITE, Service
from towpath.config.variables import DATA_DIRECTORY
from towpath.core import private
from towpath.core.errors import CommandFailedError
from towpath.deployment.migrations import backup_commands
from towpath.environments import compose_commands as compose
from towpath.environments.environment import Release, Site
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
    directory = site.state / "backups"
    for old in sorted(directory.glob("*.dump"))[: -MOST_BACKUPS * max(1, len(here))]:
        old.unlink()
    return names


def _backup(site: Site, release: Release, service: Service, *, several: bool) -> str:
    """Back up one database, and return the name of the file."""
    directory = site.state / "backups"
    own = f"-{service.name}" if several else ""
    name = f"{stages.now():%Y%m%dT%H%M%S%fZ}{own}.dump"
    part = directory / f"{name}.part"
    if service.kind == SQLITE:
        _copy_file(site, release, service, part.name)
    else:
        # As root, because the directory belongs to the user who deploys.
        words = backup_commands.dump(service, f"/backups/{part.name}")
        site.compose(compose.execute(site.project, service.name, words, user="root"), release)
    if not part.is_file() or not part.stat().st_size:
        raise CommandFailedError("The backup of the database is empty.", why=f"See {directory}.")
    # Another user of the container may own the file; its directory is private anyway.
    with suppress(PermissionError):
        part.chmod(private.FILE)
    part.replace(directory / name)
    return name


def _copy_file(site: Site, release: Release, service: Service, name: str) -> None:
    """Copy the file of a database: first as the product's user, then as whom the backup is."""
    path = f"{DATA_DIRECTORY}/{service.file.rpartition('/')[2]}"
    words = backup_commands.copy_sqlite(path, _COPY)
    site.compose(compose.run(site.project, "migrate", words), release)
    own = f"{os.getuid()}:{os.getgid()}"
    mount = f"{site.state / 'backups'}:/backups"
    words = backup_commands.copy(_COPY, f"/backups/{name}")
    site.compose(compose.run(site.project, "migrate", words, user=own, mount=mount), release)
    words = backup_commands.remove(_COPY)
    site.compose(compose.run(site.project, "migrate", words), release)
