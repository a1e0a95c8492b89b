"""Plain HTTP/1.1 to this machine's own registry: no TLS, no proxy, quick to start.

Source: RFC 9112.
"""

from __future__ import annotations

import re
import select
import socket
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from towpath.core.references import is_loopback
from towpath.registry.client.wire import CONNECT, PIECE, SILENCE, Body, Response, Sending

LONGEST_LINE = 65536
MOST_LINES = 200
MOST_ANNOUNCED = 8  # answers that only say that the answer will come

_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: (.*))?")
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK = re.compile(r"[0-9a-fA-F]{1,12}")

# Called once with an answer's body: whether its connection is free for another request.
Done = Callable[[bool], None]


class Loopback:
    """A wire whose connections are kept, and shared by threads."""

    def __init__(self) -> None:
        self._idle: dict[str, list[_Connection]] = {}
        self._lock = threading.Lock()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: Sending) -> Response:
        """Send a request over a connection that is free, or a new one."""
        parts = urlsplit(url)
        connection = self._take(parts)
        try:
            connection.write(method, parts, headers, body)
            status, reason, found = connection.head()
        except BaseException:
            connection.close()
            raise
        none = method == "HEAD" or status in (204, 304)

        def done(reusable: bool) -> None:
            if reusable and found.get("connection", "").lower() != "close":
                with self._lock:
                    self._idle.setdefault(parts.netloc, []).append(connection)
            else:
                connection.close()

        return Response(url, status, reason, found, _body(connection, found, done, none=none))

    def _take(self, parts: SplitResult) -> _Connection:
        with self._lock:
            idle = self._idle.setdefault(parts.netloc, [])
            while idle:
                found = idle.pop()
                if found.alive():
                    return found
                found.close()
        return _Connection(parts.hostname or "", parts.port or 80)


class _Connection:
    def __init__(self, host: str, port: int) -> None:
        # As bytes: a name given as text is taken for an international one, and Python loads tables.
        place: Any = (host.encode(), port)
        self._socket = socket.create_connection(place, CONNECT)
        # Also of one that nobody closed: the socket is not part of what is thrown away with it.
        self.close = weakref.finalize(self, self._socket.close)
        if not is_loopback(self._socket.getpeername()[0]):
            self.close()
            raise ConnectionError(f"{host} is not this machine")
        self._socket.settimeout(SILENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._came, self._at = b"", 0

    def alive(self) -> bool:
        """Tell whether the other side still listens; one that hung up has something to read."""
        unread = self._at < len(self._came)
        return not unread and not select.select([self._socket], [], [], 0)[0]

    def write(
        self, method: str, parts: SplitResult, headers: Mapping[str, str], body: Sending
    ) -> None:
        head = _head(method, parts, headers, len(body))
        try:
            if isinstance(body, bytes) and len(body) < LONGEST_LINE:
                self._socket.sendall(head + body)
            else:
                self._socket.sendall(head)
                self._send(body)
        except (BrokenPipeError, ConnectionResetError):
            # It may have said why before it hung up.
            if self.alive():
                raise

    def _send(self, body: Sending) -> None:
        if isinstance(body, bytes):
            self._socket.sendall(body)
            return
        while piece := body.read(PIECE):
            self._socket.sendall(piece)

    def head(self) -> tuple[int, str, dict[str, str]]:
        """Read a status line and the headers, past those that only announce the answer."""
        until = time.monotonic() + SILENCE
        for _ in range(MOST_ANNOUNCED):
            line = self.line(until)
            match = _STATUS.fullmatch(line)
            if match is None:
                raise ConnectionError(f"no HTTP answer: {line[:60]!r}")
            status, headers = int(match[2]), self._headers(until)
            if status >= 200:
                break
        else:
            raise ConnectionError("the answer is announced and does not come")
        if match[1] == "0":
            headers.setdefault("connection", "close")
        return status, match[3] or "", headers

    def _headers(self, until: float) -> dict[str, str]:
        found: dict[str, str] = {}
        for _ in range(MOST_LINES):
            line = self.line(until)
            if not line:
                return found
            name, _, value = line.partition(":")
            key = name.strip().lower()
            found[key] = f"{found[key]}, {value.strip()}" if key in found else value.strip()
        raise ConnectionError("too many headers")

    def some(self, size: int) -> bytes:
        """Return up to `size` bytes as they come; raises ConnectionError at the end."""
        piece = self.rest(size)
        if not piece:
            raise ConnectionError("the connection ended before the answer did")
        return piece

    def rest(self, size: int) -> bytes:
        """Return up to `size` bytes as they come, none at the end of the connection."""
        if self._at == len(self._came):
            return self._socket.recv(size)
        piece = self._came[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def line(self, until: float = 0.0) -> str:
        """Return a line, which has to be here at this time; it has its own otherwise."""
        until = until or time.monotonic() + SILENCE
        while (end := self._came.find(b"\n", self._at)) < 0:
            self._came, self._at = self._came[self._at :], 0
            if len(self._came) > LONGEST_LINE:
                raise ConnectionError("a line of the answer is too long")
            if time.monotonic() > until:
                raise TimeoutError("the answer comes too slowly")
            piece = self._socket.recv(LONGEST_LINE)
            if not piece:
                raise ConnectionError("the connection ended before the answer did")
            self._came += piece
        line, self._at = self._came[self._at : end], end + 1
        return line.decode("latin-1").rstrip("\r")


def _head(method: str, parts: SplitResult, headers: Mapping[str, str], length: int) -> bytes:
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if length or method in ("PUT", "POST", "PATCH"):
        lines.append(f"Content-Length: {length}")
    text = "\r\n".join([*lines, "", ""])
    if text.count("\n") != len(lines) + 1:
        raise ConnectionError("a header has a line break")
    return text.encode("latin-1")


def _body(connection: _Connection, headers: Mapping[str, str], done: Done, *, none: bool) -> Body:
    """Return the body that the headers announce. Source: RFC 9112, "Message Body Length"."""
    if none:
        return _Sized(connection, 0, done)
    coding, length = headers.get("transfer-encoding", ""), headers.get("content-length", "")
    if coding.lower() == "chunked":
        return _Chunked(connection, done)
    if coding or (length and not _LENGTH.fullmatch(length)):
        connection.close()
        raise ConnectionError(f"no length of an answer: {(coding or length)[:40]!r}")
    return _Sized(connection, int(length), done) if length else _Rest(connection, done)


class _Sized:
    """A body of a known length; the connection is free again after its last byte."""

    def __init__(self, connection: _Connection, length: int, done: Done) -> None:
        self._connection, self._left, self._done = connection, length, done
        self._over = False
        self._end_if_read()

    def read(self, size: int) -> bytes:
        if self._over:
            return b""
        piece = self._connection.some(min(size, self._left))
        self._left -= len(piece)
        self._end_if_read()
        return piece

    def close(self) -> None:
        if not self._over:
            self._over = True
            self._done(False)

    def _end_if_read(self) -> None:
        if not self._left:
            self._over = True
            self._done(True)


class _Chunked:
    """A body whose length nobody knew when it began."""

    def __init__(self, connection: _Connection, done: Done) -> None:
        self._connection, self._left, self._done = connection, 0, done
        self._over = False

    def read(self, size: int) -> bytes:
        if self._over or not (self._left or self._begin()):
            return b""
        piece = self._connection.some(min(size, self._left))
        self._left -= len(piece)
        if not self._left:
            self._connection.line()
        return piece

    def close(self) -> None:
        if not self._over:
            self._over = True
            self._done(False)

    def _begin(self) -> bool:
        text = self._connection.line().partition(";")[0].strip()
        if not _CHUNK.fullmatch(text):
            raise ConnectionError(f"no length of a chunk: {text[:20]!r}")
        self._left = int(text, 16)
        if not self._left:
            self._skip_trailers()
            self._over = True
            self._done(True)
        return bool(self._left)

    def _skip_trailers(self) -> None:
        until = time.monotonic() + SILENCE
        for _ in range(MOST_LINES):
            if not self._connection.line(until):
                return
        raise ConnectionError("too many headers")


class _Rest:
    """A body that ends with its connection."""

    def __init__(self, connection: _Connection, done: Done) -> None:
        self._connection, self._done = connection, done
        self._over = False

    def read(self, size: int) -> bytes:
        piece = b"" if self._over else self._connection.rest(size)
        if not piece:
            self.close()
        return piece

    def close(self) -> None:
        if not self._over:
            self._over = True
            self._done(False)
