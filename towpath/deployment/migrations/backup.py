"""The backup of a database before it is migrated, and how many backups are kept."""

from __future__ import annotations

from contextlib import suppress

from towpath.core import private
from towpath.core.errors import CommandFailedError
from towpath.deployment.migrations import backup_commands
from towpath.environments import compose_commands as compose
from towpath.environments.environment import Site
from towpath.evidence import record as stages

MOST_BACKUPS = 5


def backup(site: Site) -> str:
    """Back up the database of an environment, delete old backups, and return the file name.

    Raises CommandFailedError for a failed or empty backup.
    """
    directory = site.state / "backups"
    name = f"{stages.now():%Y%m%dT%H%M%S%fZ}.dump"
    # As root, because the directory belongs to the user who deploys.
    argv = compose.execute(
        site.project, "database", backup_commands.dump(f"/backups/{name}.part"), user="root"
    )
    site.compose(argv)
    part = directory / f"{name}.part"
    if not part.is_file() or not part.stat().st_size:
        raise CommandFailedError("The backup of the database is empty.", why=f"See {directory}.")
    # Another user of the container may own the file; its directory is private anyway.
    with suppress(PermissionError):
        part.chmod(private.FILE)
    part.replace(directory / name)
    for old in sorted(directory.glob("*.dump"))[:-MOST_BACKUPS]:
        old.unlink()
    return name
