"""The lock of an environment: one deployment at a time, and the owner's name for all others."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from towpath.core import documents, locks, private
from towpath.core.errors import LockedError


@contextmanager
def locked(
    path: Path,
    at: str,
    say: Callable[[str], None],
    why: str = "Two deployments at the same time would undo each other's changes.",
) -> Iterator[None]:
    """Hold an environment's lock; `at` is the time in UTC, `say` reports a dead owner.

    The kernel releases the lock when its process ends. The file names the owner, and the last one.
    Raises LockedError with the owner while that process has the lock.
    """

    def busy() -> NoReturn:
        raise LockedError(
            f"{path.parent.name} is locked by {_owner(path)}.",
            why=why,
            next_step="Wait until it ends, or stop that process, which also releases the lock.",
        ) from None

    private.directory(path.parent)
    with locks.opened(path) as lock:
        lock.alone(busy)
        if path.read_text(encoding="utf-8"):
            say(f"Taking over the lock of {_owner(path)}: that process no longer exists.")
        owner = {
            "user": os.environ.get("USER") or str(os.getuid()),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "at": at,
        }
        _fill(lock.number, json.dumps(owner))
        try:
            yield
        finally:
            _fill(lock.number, "")


def _owner(path: Path) -> str:
    try:
        owner = documents.loads(path.read_bytes())
        return f"{owner['user']} on {owner['host']} (pid {owner['pid']}, since {owner['at']})"
    except (ValueError, KeyError, TypeError):
        return "an unknown process"


def _fill(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
    os.fsync(descriptor)
