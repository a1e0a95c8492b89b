"""Who pushes and who prunes: never at the same time, from one machine.

A push from another machine, or one by other tools, is not held back. A registry that collects is
read-only, so that such a push fails and loses nothing in silence.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, NoReturn, ParamSpec, TypeVar, cast

from towpath.config.workspace import Session
from towpath.core import locks, private
from towpath.core.errors import LockedError
from towpath.engine.layout import layout

if TYPE_CHECKING:
    from towpath.engine.protocols import Starting

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def pushing(session: Session) -> Iterator[None]:
    """Keep a prune away while something is pushed; waits for one that has begun."""
    waiting = "The registry is pruned: waiting until that is done."
    with locks.opened(_place(session)) as lock:
        lock.share(busy=lambda: session.terminal.say(waiting))
        _heal(session)
        yield


@contextmanager
def alone(session: Session) -> Iterator[None]:
    """Keep every push of this machine away; raises LockedError while there is one."""

    def busy() -> NoReturn:
        raise LockedError(
            f"Somebody on this machine pushes to {session.config.registry}, or prunes it.",
            why="What is on its way would be taken for something that nobody needs.",
            next_step="Run it again when that is done.",
        ) from None

    with locks.opened(_place(session)) as lock:
        lock.alone(busy)
        yield


def pushes(act: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[Session, P], T]:
    """Mark a flow that pushes: no prune runs while it does."""

    @functools.wraps(act)
    def guarded(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with pushing(session):
            return act(session, *args, **kwargs)

    return guarded


def _place(session: Session) -> Path:
    """Return the lock: that of the embedded registry and all its projects, else our own."""
    own = layout(session.config.env)
    ours = own.serves(session.config.registry) and own.state.is_dir()
    return own.pushes if ours else private.directory(session.config.state) / "registry.lock"


def _heal(session: Session) -> None:
    own = layout(session.config.env)
    if own.serves(session.config.registry) and own.collecting.exists():
        from towpath.engine import garbage_collection as collection

        collection.heal(cast("Starting", session.runner), session.terminal)
