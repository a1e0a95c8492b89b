"""The commands that back up a database. Pure: argv lists only."""

from __future__ import annotations

from towpath.config.services import POSTGRES, Service

Argv = list[str]
# The client of MariaDB has another name than that of MySQL; the password is in no command line.
_MYSQL = (
    'program=$(command -v mariadb-dump || command -v mysqldump) && MYSQL_PWD="$(cat "$1")" '
    '"$program" --user="$2" --single-transaction --routines --result-file="$3" "$4"'
)
_SQLITE = """\
import os, sqlite3, sys
source, target = sys.argv[1:]
if os.path.exists(target):
    os.unlink(target)
connection = sqlite3.connect(source, timeout=30)
connection.execute("VACUUM INTO ?", (target,))
connection.close()
"""


def dump(service: Service, file: str) -> Argv:
    """Dump the database of this service's container to a file of the container.

    PostgreSQL's has its custom format, that of MySQL and MariaDB is SQL.
    """
    if service.kind == POSTGRES:
        argv = ["pg_dump", f"--username={service.user}", "--format=custom", f"--file={file}"]
        return [*argv, service.database]
    secret = f"/run/secrets/{service.secrets[-1]}"
    return ["sh", "-c", _MYSQL, "dump", secret, service.user, file, service.database]


def copy_sqlite(path: str, target: str) -> Argv:
    """Copy a database of SQLite as it is at one moment, whoever writes to it."""
    return ["python", "-c", _SQLITE, path, target]


def copy(path: str, target: str) -> Argv:
    """Copy a file inside a container."""
    return ["cp", path, target]


def remove(path: str) -> Argv:
    """Remove a file inside a container."""
    return ["rm", "-f", path]
