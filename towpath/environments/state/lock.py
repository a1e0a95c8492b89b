"""The lock of an environment: one deployment at a time, and the owner's name for all others."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from towpath.core.clock import SYSTEM, Clock
from towpath.core.errors import EngineUnreachableError, LockedError
from towpath.environments.state.volume import LockAttempt, State

# Seconds between two looks at a lock that another process has.
POLL = 0.5


@dataclass(frozen=True)
class Owner:
    """Who takes a lock: since when (UTC), the address of its CI run if it has one, and why.

    `wait` is how many seconds another owner may still work before this one gives up.
    """

    at: str
    run: str = ""
    why: str = "Two deployments at the same time would undo each other's changes."
    wait: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return what the lock says of this process."""
        return {
            "user": os.environ.get("USER") or str(os.getuid()),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "at": self.at,
            "run": self.run,
        }


@contextmanager
def locked(
    state: State, name: str, owner: Owner, say: Callable[[str], None], clock: Clock = SYSTEM
) -> Iterator[None]:
    """Hold the lock of the environment of this name; `say` reports a wait and a dead owner.

    The engine's kernel releases the lock when the connection of its owner ends, or brings nothing
    for 90 s. Raises LockedError with the owner while another process has the lock, and
    CommandFailedError if the engine cannot be reached.
    """
    document = owner.as_json()
    found = state.try_lock(document)
    if not found.taken:
        found = _wait(state, name, found, owner, say, clock)
    if found.owner is not None:
        say(
            f"Taking over the lock of {words(found.owner)}: "
            "that process, or its connection, no longer exists."
        )
    try:
        yield
    finally:
        # A connection that has ended has released the lock, and what was said before counts.
        with suppress(EngineUnreachableError):
            state.unlock()


def _wait(
    state: State,
    name: str,
    found: LockAttempt,
    owner: Owner,
    say: Callable[[str], None],
    clock: Clock,
) -> LockAttempt:
    """Wait as long as the owner-to-be wants to; raises LockedError if the lock is not free then."""
    if owner.wait:
        say(f"{name} is locked by {words(found.owner)}; waiting up to {owner.wait} s.")
        deadline = clock.monotonic() + owner.wait
        while not found.taken and clock.monotonic() < deadline:
            clock.sleep(POLL)
            found = state.try_lock(owner.as_json())
        if found.taken:
            return found
    raise LockedError(
        f"{name} is locked by {words(found.owner)}.",
        why=owner.why,
        next_step="Wait until it ends, or stop that process, which also releases the lock.",
    )


def words(owner: dict[str, Any] | None) -> str:
    """Return who has a lock; what another version wrote there may lack a name."""
    owner = owner or {}
    try:
        more = f", {owner['run']}" if owner.get("run") else ""
        return f"{owner['user']} on {owner['host']} (pid {owner['pid']}, since {owner['at']}{more})"
    except KeyError:
        return "an unknown process"
