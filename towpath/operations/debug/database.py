"""PostgreSQL's own client in the container of an environment's database, read-only by default."""

from __future__ import annotations

import re
from collections.abc import Sequence

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.environments.environment import Site
from towpath.operations.debug import debug_commands as commands
from towpath.operations.debug.service_shell import running_container

SERVICE = "database"
# Seconds until a database that does not answer is given up.
PATIENCE = 10
# A name that PostgreSQL takes in an option without quotes.
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def open_database(
    site: Site, database: str = "", *, write: bool = False, statement: str = ""
) -> None:
    """Open psql on this terminal, or run a statement and write what it answers.

    `database` is empty for the product's own. The role may read every table and change none, or
    with `write` is the database's owner. Raises CommandFailedError for a database that does not run
    or cannot be opened, and for a statement that fails.
    """
    workspace = site.workspace
    container = running_container(site, SERVICE)
    owner = _owner(workspace, container.name, database, site.name)
    role = owner if write else commands.READER
    argv = commands.psql(container.name, database, role, write=write, statement=statement)
    if statement:
        _run_statement(workspace, argv)
        return
    how = f"as {owner}: statements change data" if write else "read-only"
    workspace.terminal.say(f"psql in {container.name}, {how}; \\q ends it.")
    code = workspace.runner.interact(argv)
    if code:
        raise CommandFailedError(
            f"psql in {container.name} failed (exit code {code}).",
            next_step=f"invoke services.logs --environment={site.name} --service={SERVICE}",
        )


def _run_statement(workspace: Workspace, argv: Sequence[str]) -> None:
    ended = workspace.runner.run(argv, check=False)
    if not ended.ok:
        denied = "read-only transaction" in ended.stderr or "permission denied" in ended.stderr
        raise CommandFailedError(
            "The statement failed.",
            why=ended.tail(),
            next_step="Add --write if it is meant to change data." if denied else "",
        )
    workspace.terminal.data(ended.stdout.rstrip("\n"))


def _owner(workspace: Workspace, container: str, database: str, environment: str) -> str:
    """Return who owns the database; raises CommandFailedError unless it answers."""
    logs = f"invoke services.logs --environment={environment} --service={SERVICE}"
    argv = commands.owner(container, database)
    found = workspace.runner.run(argv, check=False, timeout=PATIENCE)
    if not found.ok:
        raise CommandFailedError(
            f"Cannot open the database in {container}.", why=found.tail(), next_step=logs
        )
    name = found.stdout.strip()
    if not _NAME.fullmatch(name):
        raise CommandFailedError(
            f"PostgreSQL in {container} names no owner of the database.",
            why=f"It answered {name[:80]!r}.",
            next_step=logs,
        )
    return name
