"""Plain HTTP/1.1 to this machine's own registry: no TLS, no proxy, quick to start.

Source: RFC 9112.
"""

from __future__ import annotations

import select
import socket
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from towpath.clients.registry.wire import CONNECT, SILENCE, Answer, Body

LONGEST_LINE = 65536
MOST_LINES = 200

# Called once with an answer's body: whether its connection is free for another request.
Done = Callable[[bool], None]


class Loopback:
    """A wire whose connections are kept, and shared by threads."""

    def __init__(self) -> None:
        self._idle: dict[str, list[_Connection]] = {}
        self._lock = threading.Lock()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
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

        return Answer(url, status, reason, found, _body(connection, found, done, none=none))

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
        self._socket.settimeout(SILENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self._socket.makefile("rb", 65536)

        # Also of one that nobody closed: the socket is not part of what is thrown away with it.
        self.close = weakref.finalize(self, _hang_up, self.stream, self._socket)

    def alive(self) -> bool:
        """Tell whether the other side still listens; one that hung up has something to read."""
        return not select.select([self._socket], [], [], 0)[0]

    def write(
        self, method: str, parts: SplitResult, headers: Mapping[str, str], body: bytes
    ) -> None:
        head = _head(method, parts, headers, len(body))
        try:
            if len(body) < LONGEST_LINE:
                self._socket.sendall(head + body)
            else:
                self._socket.sendall(head)
                self._socket.sendall(body)
        except (BrokenPipeError, ConnectionResetError):
            # It may have said why before it hung up.
            if self.alive():
                raise

    def head(self) -> tuple[int, str, dict[str, str]]:
        """Read a status line and the headers, past those that only announce the answer."""
        status = 100
        while status < 200:
            line = self.line()
            version, _, rest = line.partition(" ")
            code, _, reason = rest.partition(" ")
            if not version.startswith("HTTP/1.") or not code.isdecimal():
                raise ConnectionError(f"no HTTP answer: {line[:60]!r}")
            status, headers = int(code), self._headers()
        if version == "HTTP/1.0":
            headers.setdefault("connection", "close")
        return status, reason, headers

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for _ in range(MOST_LINES):
            line = self.line()
            if not line:
                return found
            name, _, value = line.partition(":")
            key = name.strip().lower()
            found[key] = f"{found[key]}, {value.strip()}" if key in found else value.strip()
        raise ConnectionError("too many headers")

    def some(self, size: int) -> bytes:
        piece: bytes = self.stream.read(size)
        if not piece:
            raise ConnectionError("the connection ended before the answer did")
        return piece

    def line(self) -> str:
        line: bytes = self.stream.readline(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise ConnectionError("the connection ended before the answer did")
        return line.decode("latin-1").rstrip("\r\n")


def _hang_up(stream: Any, connection: socket.socket) -> None:
    stream.close()
    connection.close()


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
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _Chunked(connection, done)
    length = headers.get("content-length", "")
    return _Sized(connection, int(length), done) if length.isdecimal() else _Rest(connection, done)


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
        try:
            self._left = int(text, 16)
        except ValueError as error:
            raise ConnectionError(f"no length of a chunk: {text[:20]!r}") from error
        if not self._left:
            while self._connection.line():
                continue
            self._over = True
            self._done(True)
        return bool(self._left)


class _Rest:
    """A body that ends with its connection."""

    def __init__(self, connection: _Connection, done: Done) -> None:
        self._connection, self._done = connection, done
        self._over = False

    def read(self, size: int) -> bytes:
        piece = b"" if self._over else self._connection.stream.read(size)
        if not piece:
            self.close()
        return bytes(piece)

    def close(self) -> None:
        if not self._over:
            self._over = True
            self._done(False)
