"""The lock of an environment: one deployment at a time, and the owner's name for all others."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from towpath.core import documents, locks, private
from towpath.core.clock import SYSTEM, Clock
from towpath.core.errors import LockedError

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
        """Return what the lock file says of this process."""
        return {
            "user": os.environ.get("USER") or str(os.getuid()),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "at": self.at,
            "run": self.run,
        }


@contextmanager
def locked(
    path: Path, owner: Owner, say: Callable[[str], None], clock: Clock = SYSTEM
) -> Iterator[None]:
    """Hold an environment's lock; `say` reports a wait and a dead owner.

    The kernel releases the lock when its process ends. The file names the owner, and the last one.
    Raises LockedError with the owner while that process has the lock.
    """
    private.directory(path.parent)
    with locks.opened(path) as lock:
        if not lock.try_alone():
            _wait(lock, path, owner, say, clock)
        if path.read_text(encoding="utf-8"):
            say(f"Taking over the lock of {_owner(path)}: that process no longer exists.")
        _fill(lock.number, json.dumps(owner.as_json()))
        try:
            yield
        finally:
            _fill(lock.number, "")


def _wait(
    lock: locks.Lock, path: Path, owner: Owner, say: Callable[[str], None], clock: Clock
) -> None:
    """Wait as long as the owner-to-be wants to; raises LockedError if the lock is not free then."""
    if owner.wait:
        say(f"{path.parent.name} is locked by {_owner(path)}; waiting up to {owner.wait} s.")
        if clock.wait_until(lock.try_alone, owner.wait, POLL):
            return
    raise LockedError(
        f"{path.parent.name} is locked by {_owner(path)}.",
        why=owner.why,
        next_step="Wait until it ends, or stop that process, which also releases the lock.",
    )


def _owner(path: Path) -> str:
    try:
        owner = documents.loads(path.read_bytes())
        more = f", {owner['run']}" if owner.get("run") else ""
        return f"{owner['user']} on {owner['host']} (pid {owner['pid']}, since {owner['at']}{more})"
    except (ValueError, KeyError, TypeError):
        return "an unknown process"


def _fill(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
    os.fsync(descriptor)
