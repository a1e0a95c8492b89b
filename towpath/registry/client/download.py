"""The bytes of a blob as they come, gone on with where a connection broke."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TypeVar

from towpath.core.errors import InterruptedRunError, RegistryNetworkError
from towpath.registry.client.wire import Response

T = TypeVar("T")


class Retry(Protocol):
    """What tries something again where its error may pass."""

    def __call__(self, act: Callable[[], T], /) -> T:
        """Do it until it works, or raise its last error."""


class Download:
    """A blob that is read from front to back, or from a place that was sought."""

    def __init__(
        self,
        begin: Callable[[int], Response],
        with_retry: Retry,
        broke: Callable[[OSError], RegistryNetworkError],
        halt: threading.Event | None = None,
    ) -> None:
        """Take what opens the blob at an offset, what tries again, and what ends it all."""
        self._begin = begin
        self._with_retry = with_retry
        self._broke = broke
        self._halt = halt
        self._answer: Response | None = None
        self._offset = 0

    def __enter__(self) -> Download:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._answer is not None:
            self._answer.close()
        self._answer = None

    def seek(self, offset: int) -> None:
        """Go on from another place, in bytes from the start."""
        if offset != self._offset:
            self.close()
            self._offset = offset

    def read(self, size: int) -> bytes:
        """Return up to `size` more bytes; none at the end of the blob."""
        return self._with_retry(lambda: self._read(size))

    def read_fully(self, size: int) -> bytes:
        """Return `size` more bytes, fewer only at the end of the blob."""
        pieces, missing = [], size
        while missing and (piece := self.read(missing)):
            pieces.append(piece)
            missing -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _read(self, size: int) -> bytes:
        if self._halt is not None and self._halt.is_set():
            raise InterruptedRunError("The copy was stopped because another one failed.")
        try:
            if self._answer is None:
                self._answer = self._opened()
            piece = self._answer.read(size)
        except OSError as error:
            self.close()
            raise self._broke(error) from error
        self._offset += len(piece)
        return piece

    def _opened(self) -> Response:
        answer = self._begin(self._offset)
        if self._offset and answer.status != 206:
            # It does not know ranges: what we have is read once more, and thrown away.
            missing = self._offset
            while missing and (piece := answer.read(missing)):
                missing -= len(piece)
        return answer
