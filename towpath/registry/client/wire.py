"""HTTP as a registry needs it: the head of an answer at once, its body as it is read.

This machine's own registry is spoken to over a plain socket: importing `requests` takes longer
than a whole promotion may. Everything else goes through `requests`: verified TLS, proxies, and
the company's certificates. How much is read of a document, and how slowly, has a limit.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

CONNECT, SILENCE = 3.05, 60.0  # seconds to connect, seconds without a byte
PIECE = 1024 * 1024
# Bytes of a manifest, a list or a token: registries themselves take manifests of 4 MiB.
DOCUMENT = 8 * 1024 * 1024
SLOWEST, GRACE = 1024, 60.0  # bytes per second, once so many seconds were waited


class ByteSource(Protocol):
    """Where the bytes of a blob come from."""

    def seek(self, offset: int) -> object:
        """Go on from this place, in bytes from the start."""

    def read_fully(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end."""


class StreamedBody:
    """A body that is read from its source while it is sent, for what is too large for memory."""

    def __init__(self, source: ByteSource, size: int) -> None:
        """Take a source and how many bytes of it are sent."""
        self._source = source
        self._size = self._left = size

    def __len__(self) -> int:
        return self._size

    def restart(self) -> None:
        """Begin again at the front: the same request is sent once more."""
        self._source.seek(0)
        self._left = self._size

    def read(self, size: int = PIECE) -> bytes:
        """Return up to `size` more bytes; raises ConnectionError for a source that ends early."""
        wanted = min(size if size > 0 else PIECE, self._left)
        piece = self._source.read_fully(wanted)
        if len(piece) != wanted:
            raise ConnectionError("the blob is shorter than its manifest says")
        self._left -= len(piece)
        return piece


Sending = bytes | StreamedBody


class TooMuchError(ConnectionError):
    """An answer that is larger than what was asked for may be."""


class Body(Protocol):
    """Where the bytes of an answer come from."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end; raises OSError for an end too early."""

    def close(self) -> None:
        """Let go of it, read to its end or not."""


class Response:
    """What a registry said. Names of headers are in lower case."""

    def __init__(
        self, url: str, status: int, reason: str, headers: Mapping[str, str], body: Body
    ) -> None:
        self.url = url
        self.status = status
        self.reason = reason
        self.headers = headers
        self._body = body
        self._content: bytes | None = None
        self._came, self._waited = 0, 0.0

    @property
    def ok(self) -> bool:
        """Whether the status is no error and no redirection."""
        return self.status < 300

    @property
    def content(self) -> bytes:
        """The body of a document; it is read at the first use, and raises OSError."""
        return self.document(DOCUMENT)

    def document(self, most: int) -> bytes:
        """Return the body, read to its end; raises TooMuchError for more than `most` bytes."""
        if self._content is None:
            pieces, left = [], most
            while piece := self.read(min(PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    self.close()
                    raise TooMuchError(f"the response is larger than {most} bytes")
                pieces.append(piece)
            self._content = b"".join(pieces)
        return self._content

    def read(self, size: int) -> bytes:
        """Return up to `size` more bytes of the body, none at its end.

        Raises OSError for a connection that broke, or that is too slow to be waited for.
        """
        began = time.monotonic()
        piece = self._body.read(size)
        self._waited += time.monotonic() - began
        self._came += len(piece)
        if self._waited > GRACE and self._came < SLOWEST * self._waited:
            self.close()
            raise TimeoutError(f"only {self._came} bytes arrived in {self._waited:.0f} s")
        return piece

    def close(self) -> None:
        """Let go of the connection."""
        self._body.close()


class Wire(Protocol):
    """A way to send a request."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: Sending) -> Response:
        """Send a request and return the head of its answer; raises OSError."""
