"""`invoke engine.*`: the embedded engine, for machines where no Docker engine answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry

if TYPE_CHECKING:
    from towpath.core.runner import Runner
    from towpath.core.terminal import Terminal


def _tools(verbose: bool = False) -> tuple[Runner, Terminal]:
    """Return a runner and a terminal; the engine needs no project, so any directory works."""
    from towpath.core.environment import usable
    from towpath.core.runner import Runner
    from towpath.core.terminal import Terminal

    terminal = Terminal(os.environ, verbose=verbose)
    return Runner(terminal, env=usable(os.environ), cwd=Path.cwd(), streaming=verbose), terminal


@task(help={"verbose": "Show every command and what it prints."})
@entry
def up(_c: Context, verbose: bool = False) -> None:
    """Make sure that a Docker engine answers: the host's, or else start the embedded one."""
    from towpath.engine import lifecycle as flow

    runner, terminal = _tools(verbose)
    environment = flow.up(runner, terminal)
    if not environment:
        terminal.say("The Docker engine of this machine answers; it is used as it is.")
    for name, value in environment.items():
        terminal.data(f"export {name}={value}")


@task(help={"purge": "Also delete its images, volumes and root on disk."})
@entry
def down(_c: Context, purge: bool = False) -> None:
    """Stop the embedded engine with all its containers; a host's engine is not touched."""
    from towpath.engine import lifecycle as flow

    flow.down(*_tools(), purge=purge)


@task
@entry
def status(_c: Context) -> None:
    """Show which Docker engine is used, and the state of the embedded one."""
    from towpath.engine import lifecycle as flow

    flow.status(*_tools())
