"""Commands with which a person looks into a container. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Iterable

from towpath.environments.compose_commands import Project

Argv = list[str]

# What the product is in the Compose files: with its networks, secrets and settings.
PRODUCT = "web"

# Bash where the image has it: it knows the arrow keys. `exec`, so that the shell gets the signals.
SHELL = "command -v bash >/dev/null && exec bash; exec sh"

# The container itself knows what its database is called; it lets its own user in over the socket.
PSQL = (
    "name=${1:-$POSTGRES_DB}; shift; "
    'exec psql --no-psqlrc --username="$POSTGRES_USER" --dbname="$name" "$@"'
)
OWNER = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
# Reads every table and changes none. Source: PostgreSQL, "Predefined Roles".
READER = "pg_read_all_data"


def has_shell(container: str, user: str = "") -> Argv:
    """Start a shell in a running container that ends at once; fails where there is none."""
    return ["docker", "exec", *_user(user), container, "sh", "-c", ":"]


def shell(container: str, user: str = "") -> Argv:
    """Open a shell in a running container, on this terminal."""
    return ["docker", "exec", "--interactive", "--tty", *_user(user), container, "sh", "-c", SHELL]


def image_has_shell(image: str) -> Argv:
    """Start a shell in a container of an image that ends at once; fails where there is none."""
    return ["docker", "run", "--rm", "--network=none", "--entrypoint=sh", image, "-c", ":"]


def image_shell(image: str, mounts: Iterable[tuple[str, str]] = ()) -> Argv:
    """Open a shell in a container of an image, on this terminal; it is gone when the shell ends.

    `mounts` are files of this machine, each with its place in the container.
    """
    files = [f"--mount=type=bind,source={file},target={place},readonly" for file, place in mounts]
    return [
        *("docker", "run", "--rm", "--interactive", "--tty", *files),
        *("--entrypoint=sh", image, "-c", SHELL),
    ]


def remove_image(image: str) -> Argv:
    """Take the name of an image out of the engine."""
    return ["docker", "image", "rm", "--force", image]


def image_command(image: str) -> Argv:
    """Tell the command of an image, as JSON."""
    return ["docker", "image", "inspect", "--format={{json .Config.Cmd}}", image]


def tests(project: Project, words: Iterable[str]) -> Argv:
    """Run a command in a container like the product's, on this terminal; it is removed after."""
    flags = ["--rm", "--no-deps", "--interactive"]
    return project.command("run", *flags, PRODUCT, *words)


def owner(container: str, database: str) -> Argv:
    """Ask PostgreSQL who owns a database, which also shows whether it answers.

    `database` is empty for the container's own.
    """
    words = ["--tuples-only", "--no-align", f"--command={OWNER}"]
    return ["docker", "exec", container, *_psql(database, words)]


def psql(container: str, database: str, role: str, *, write: bool, statement: str = "") -> Argv:
    """Open psql as a role, on this terminal, or with `statement` run that and end.

    Only with `write` may a transaction change anything.
    """
    options = f"-c role={role}" + ("" if write else " -c default_transaction_read_only=on")
    # The file system of the container may be read-only, and nobody wants a history there.
    env = [f"--env=PGOPTIONS={options}", "--env=PSQL_HISTORY=/dev/null"]
    if statement:
        words = ["--set=ON_ERROR_STOP=1", f"--command={statement}"]
        return ["docker", "exec", *env, container, *_psql(database, words)]
    prompt = f"%/ {'WRITE' if write else 'read-only'}%R%x%# "
    words = [f"--set=PROMPT1={prompt}"]
    return [
        *("docker", "exec", "--interactive", "--tty"),
        *(*env, container),
        *_psql(database, words),
    ]


def _psql(database: str, words: Argv) -> Argv:
    return ["sh", "-c", PSQL, "psql", database, *words]


def _user(user: str) -> Argv:
    return [f"--user={user}"] if user else []
