"""Locks between processes: a file of the kernel's, which goes with whoever holds it.

Nobody waits for the dead. Builds of one machine share a lock; who changes what they share is alone.
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
    """A lock file that is open; what is held of it ends when it is closed."""

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
        """Close the file and give up what is held of it."""
        os.close(self.number)

    def share(self, busy: Busy | None = None) -> None:
        """Hold it together with others that share it; what was held before is exchanged."""
        self._take(fcntl.LOCK_SH, busy)

    def alone(self, busy: Busy | None = None) -> None:
        """Hold it and keep everybody else away.

        Where somebody is in the way, `busy` is called, and raises for whoever does not wait.
        """
        self._take(fcntl.LOCK_EX, busy)

    def _take(self, kind: int, busy: Busy | None) -> None:
        if busy is not None:
            try:
                fcntl.flock(self.number, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                busy()
            else:
                return
        fcntl.flock(self.number, kind)


@contextmanager
def opened(path: Path) -> Iterator[Lock]:
    """Open a lock of our state; raises ConfigurationError, naming it, where that cannot be."""
    with private.named(path):
        lock = Lock(path)
    with lock:
        yield lock


def give_up() -> NoReturn:
    """Do not wait for a lock; raises BlockingIOError."""
    raise BlockingIOError
