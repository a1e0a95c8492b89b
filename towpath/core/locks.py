"""Locks between processes, by flock(2): the kernel releases a lock when its process ends.

Builds of one machine share a lock; a command that changes what they share takes it exclusively.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from towpath.core import private

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

Busy = Callable[[], object]


class Lock:
    """An open lock file; closing it releases the lock."""

    def __init__(self, path: Path) -> None:
        """Open the file, which is private; raises OSError, also for a link."""
        self.number = private.opened(path, os.O_RDWR | os.O_APPEND)

    def __enter__(self) -> Self:
        """Close it at the end of a block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file, which releases the lock."""
        os.close(self.number)

    def share(self, busy: Busy | None = None) -> None:
        """Take a shared lock; one that is already taken is converted.

        `busy` is called as for `alone`.
        """
        self._take(fcntl.LOCK_SH, busy)

    def alone(self, busy: Busy | None = None) -> None:
        """Take the exclusive lock.

        If another process has it, `busy` is called before waiting; it may raise to not wait.
        """
        self._take(fcntl.LOCK_EX, busy)

    def _take(self, kind: int, busy: Busy | None) -> None:
        if busy is not None:
            if self._try(kind):
                return
            busy()
        fcntl.flock(self.number, kind)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self.number, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def opened(path: Path) -> Iterator[Lock]:
    """Open a lock file of the state; raises ConfigurationError if that is not possible."""
    with private.named(path):
        lock = Lock(path)
    with lock:
        yield lock


def refuse() -> NoReturn:
    """Do not wait for a lock; raises BlockingIOError."""
    raise BlockingIOError
