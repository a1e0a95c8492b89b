"""A socket that counts what is read from it, for a library that waits for each line anew."""

from __future__ import annotations

import io
import socket
import time
from typing import Any


class MeteredSocket(socket.socket):
    """A socket that is read for so long, and so far, as was allowed.

    `ended` tells whether the other side had nothing more to say when it was read last.
    """

    def __init__(self, fileno: int) -> None:
        """Take over a connected socket."""
        super().__init__(fileno=fileno)
        self.ended = False
        self._metered, self._until, self._left = True, 0.0, 0
        self._raw = super().makefile("rb", buffering=0)
        self._reader = _ReusableReader(self._raw)

    def makefile(self, *_args: Any, **_options: Any) -> Any:
        """Return the one reader of all answers: no byte between two of them is lost."""
        return self._reader

    def allow(self, size: int, seconds: float) -> None:
        """Let the next bytes, at most about `size` of them, come within this time."""
        self._until, self._left = time.monotonic() + seconds, size

    def recv_into(self, *args: Any, **options: Any) -> int:
        """Receive what is allowed; raises TimeoutError or ConnectionError for anything more."""
        if self._metered:
            seconds = self._until - time.monotonic()
            if seconds <= 0:
                raise TimeoutError("the response is too slow")
            if self._left <= 0:
                raise ConnectionError("the response has too many headers or trailers")
            self.settimeout(seconds)
        count = super().recv_into(*args, **options)
        self._left -= count
        self.ended = not count
        return count

    def is_quiet(self) -> bool:
        """Tell whether the other side still listens, and said nothing that nobody asked for."""
        self.settimeout(0)
        self._metered = False
        try:
            return not self._reader.peek(1) and not self.ended
        except OSError:
            return False
        finally:
            self._metered = True

    def shut(self) -> None:
        """Close it, and what reads from it."""
        self.close()
        self._raw.close()


class _ReusableReader(io.BufferedReader):
    def close(self) -> None:
        """Stay open: an answer ends, and its connection is used again."""

    def flush(self) -> None:
        """Do nothing: from 3.13 on an answer whose connection is closed would fail in here."""
