"""Who pushes and who prunes: never at the same time, from one machine.

A push from another machine, or one by other tools, is not held back. A registry that collects is
read-only, so that such a push fails and loses nothing in silence.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, NoReturn, ParamSpec, TypeVar

from towpath.config.workspace import Workspace
from towpath.core import locks, private
from towpath.core.errors import LockedError
from towpath.engine.layout import layout

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def pushing(workspace: Workspace) -> Iterator[None]:
    """Keep a prune away while something is pushed; waits for one that has begun.

    Raises ConfigurationError if the lock cannot be opened, and CommandFailedError if a registry
    that was left read-only does not restart.
    """
    waiting = "Waiting for a running registry prune to finish."
    with locks.opened(_place(workspace)) as lock:
        lock.share(busy=lambda: workspace.terminal.say(waiting))
        _make_writable(workspace)
        yield


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """Keep every push of this machine away; raises LockedError while there is one."""

    def busy() -> NoReturn:
        raise LockedError(
            f"Another process is pushing to {workspace.config.registry} or pruning it.",
            why="A prune would delete data of an unfinished push.",
            next_step="Run it again when that process has finished.",
        ) from None

    with locks.opened(_place(workspace)) as lock:
        lock.alone(busy)
        yield


def pushes(act: Callable[Concatenate[Workspace, P], T]) -> Callable[Concatenate[Workspace, P], T]:
    """Mark a flow that pushes: no prune runs while it does."""

    @functools.wraps(act)
    def guarded(workspace: Workspace, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with pushing(workspace):
            return act(workspace, *args, **kwargs)

    return guarded


def _place(workspace: Workspace) -> Path:
    """Return the lock: that of the embedded registry and all its projects, else our own."""
    own = layout(workspace.config.env)
    ours = own.serves(workspace.config.registry) and own.state.is_dir()
    return own.pushes if ours else private.directory(workspace.config.state) / "registry.lock"


def _make_writable(workspace: Workspace) -> None:
    own = layout(workspace.config.env)
    if own.serves(workspace.config.registry) and own.collecting.exists():
        from towpath.engine import garbage_collection as collection

        collection.make_writable(workspace.runner, workspace.terminal)
