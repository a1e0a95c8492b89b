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
        "target": "A stage of the Dockerfile, built up to the step that fails.",
        "platform": _PLATFORM,
        "service": "Open it in a running container instead: of this service, as in database, or "
        "of this name.",
        "environment": "With --service: an environment; default: development, or else testing.",
        "user": "With --service: as this user of the container, as in root.",
    }
)
@entry
def shell(
    _c: Context,
    target: str = "production",
    platform: str = "",
    service: str = "",
    environment: str = "",
    user: str = "",
) -> None:
    """Open a shell in the last good layer of a build that fails, or in a running container."""
    from towpath.operations.debug import terminals

    if service:
        from towpath.tasks.services import open_shell

        open_shell("invoke debug.shell", service, environment, user)
        return
    from towpath.operations.debug import build_shell as flow

    terminals.require_terminal("invoke debug.shell", f"invoke debug.build --target={target}")
    found = workspace(environment=environment)
    flow.open_build_shell(found, target, _platform(found, platform))


@task
@entry
def tests(c: Context) -> None:
    """Run the tests in the testing image with its services; after -- options of pytest: --pdb."""
    from towpath.operations.debug import image_tests as flow
    from towpath.operations.debug import terminals
    from towpath.tasks.parse_errors import after_dashes

    terminals.require_terminal("invoke debug.tests", "nox -s integration, or nox -s tests -- app")
    flow.run_tests(workspace(engine=True), after_dashes(c))


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
    found = workspace(environment=environment)
    site = Site.open(found, found.config.environment(environment))
    flow.open_database(site, name, write=write, statement=command)


@task(
    positional=["reference"],
    optional=["reference"],
    help={
        "reference": "A tag or digest of the project's image, or a complete reference as in "
        "localhost:5000/team/app:built; default: `built`.",
    },
)
@entry
def registry(_c: Context, reference: str = "") -> None:
    """Show each step to an image in its registry, from DNS to blobs, up to the one that fails."""
    from towpath.operations.debug import registry_steps as flow

    flow.examine(workspace(), reference)


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
