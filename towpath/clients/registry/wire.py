"""HTTP as a registry needs it: the head of an answer at once, its body as it is read.

This machine's own registry is spoken to over a plain socket: importing `requests` takes longer
than a whole promotion may. Everything else goes through `requests`: verified TLS, proxies, and
the company's certificates.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

CONNECT, SILENCE = 3.05, 60.0  # seconds to connect, seconds without a byte
PIECE = 1024 * 1024


class Body(Protocol):
    """Where the bytes of an answer come from."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end; raises OSError for an end too early."""

    def close(self) -> None:
        """Let go of it, read to its end or not."""


class Answer:
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

    @property
    def ok(self) -> bool:
        """Whether the status is no error and no redirection."""
        return self.status < 300

    @property
    def content(self) -> bytes:
        """The whole body; it is read at the first use."""
        if self._content is None:
            pieces = []
            while piece := self.read(PIECE):
                pieces.append(piece)
            self._content = b"".join(pieces)
        return self._content

    def read(self, size: int) -> bytes:
        """Return up to `size` more bytes of the body, none at its end."""
        return self._body.read(size)

    def close(self) -> None:
        """Let go of the connection."""
        self._body.close()


class Wire(Protocol):
    """A way to send a request."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request and return the head of its answer; raises OSError."""


def is_loopback(url: str) -> bool:
    """Tell whether a URL is plain HTTP to this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "http" and (host in {"localhost", "::1"} or host.startswith("127."))


class Wires:
    """Chooses the wire by where a URL leads, and makes each at its first use."""

    def __init__(self) -> None:
        self._made: dict[bool, Wire] = {}
        self._lock = threading.Lock()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request where it belongs."""
        near = is_loopback(url)
        with self._lock:
            if near not in self._made:
                self._made[near] = _loopback() if near else _elsewhere()
        return self._made[near].send(method, url, headers, body)


def _loopback() -> Wire:
    from towpath.clients.registry.loopback import Loopback

    return Loopback()


def _elsewhere() -> Wire:
    from towpath.clients.registry.elsewhere import Elsewhere

    return Elsewhere()
