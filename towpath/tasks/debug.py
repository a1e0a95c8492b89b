"""Invoke tasks that help when something breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry, workspace

if TYPE_CHECKING:
    from towpath.config.workspace import Workspace

_PLATFORM = "As in arm64; default: the platform of the engine."
_VERBOSE = "Show every command and what it prints."


@task(
    help={
        "target": "A stage of the Dockerfile.",
        "platform": _PLATFORM,
    }
)
@entry
def build(_c: Context, target: str = "production", platform: str = "") -> None:
    """Build without cache, show everything, and end with the failing step and its last lines."""
    from towpath.operations.debug import rebuild as flow

    found = workspace(engine=True)
    name = flow.rebuild(found, target, _platform(found, platform))
    found.terminal.say("Every step succeeded; the log is reports/logs/debug-build.log.")
    found.terminal.data(name)


@task(
    help={
        "environment": "development, testing, staging or production; testing has the services of "
        "the tests.",
        "name": "Another database than the product's, as in test_dashboard.",
        "write": "Let statements change data, as the owner of the database.",
        "command": "Run this statement and end; needs no terminal.",
    }
)
@entry
def database(
    _c: Context,
    environment: str = "testing",
    name: str = "",
    write: bool = False,
    command: str = "",
) -> None:
    """Open psql in the database of an environment; read-only, unless --write is set."""
    from towpath.environments.environment import Site
    from towpath.operations.debug import database as flow
    from towpath.operations.debug import terminals

    if not command:
        terminals.require_terminal(
            "invoke debug.database", "invoke debug.database --command='SELECT ...'"
        )
    found = workspace(engine=True)
    site = Site.open(found, found.config.environment(environment))
    flow.open_database(site, name, write=write, statement=command)


def _platform(found: Workspace, asked: str) -> str:
    """Return the one platform that was asked for, or that of the engine."""
    from towpath.core.errors import ConfigurationError
    from towpath.core.references import platforms
    from towpath.environments.engine import Engine

    if not asked:
        return Engine(found.config.env).platform()
    named = platforms(asked)
    if len(named) > 1:
        raise ConfigurationError(
            "--platform takes one platform.", next_step="For example --platform=arm64."
        )
    return named[0]
