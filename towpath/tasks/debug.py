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
