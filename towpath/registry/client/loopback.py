"""Plain HTTP/1.1 to this machine's own registry, by the standard library's `http.client`.

That one waits for each line of an answer anew, and for any number of them. So time and bytes are
counted at the socket: those of a head, and those of each piece of a body. What it takes for a good
answer besides, half a head or two lengths for example, is refused here.

Source: RFC 9112.
"""

from __future__ import annotations

import http.client
import re
import socket
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult, urlsplit

from towpath.core.references import is_loopback
from towpath.registry.client.metered_socket import MeteredSocket
from towpath.registry.client.wire import CONNECT, PIECE, SILENCE, Body, Response, Sending

# Bytes of a head, and of what frames a piece of a body: lengths of chunks and trailers.
MOST_HEAD, MOST_FRAME = 256 * 1024, 64 * 1024
ENDED = "the connection was closed before the end of the response"

_LINE_BREAK = re.compile(r"[\r\n]")
_LENGTH = re.compile(r"[0-9]{1,15}")

# Called once with an answer's body: whether its connection is free for another request.
Done = Callable[[bool], None]


class LoopbackTransport:
    """A wire whose connections are kept, and shared by threads."""

    def __init__(self) -> None:
        self._idle: dict[str, list[_Connection]] = {}
        self._lock = threading.Lock()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: Sending) -> Response:
        """Send a request over a connection that is free, or a new one."""
        parts = urlsplit(url)
        connection = self._take(parts)
        with _as_os_error(connection):
            connection.write(method, parts, headers, body)
            answer = connection.head(method)
            found = _headers(answer)
            length = _length(answer, found, method)

        def done(reusable: bool) -> None:
            if reusable and not answer.will_close:
                with self._lock:
                    self._idle.setdefault(parts.netloc, []).append(connection)
            else:
                connection.disconnect()

        content: Body = _AnswerBody(connection, answer, length, done)
        return Response(url, answer.status, answer.reason, found, content)

    def _take(self, parts: SplitResult) -> _Connection:
        with self._lock:
            idle = self._idle.setdefault(parts.netloc, [])
            while idle:
                found = idle.pop()
                if found.alive():
                    return found
                found.disconnect()
        return _Connection(parts.hostname or "", parts.port or 80)


class _Connection(http.client.HTTPConnection):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, blocksize=PIECE)
        # As bytes: a name given as text is taken for an international one, and Python loads tables.
        address: Any = (host.encode(), port)
        made = socket.create_connection(address, CONNECT)
        self.adopt(MeteredSocket(made.detach()))
        if not is_loopback(self._line.getpeername()[0]):
            self.disconnect()
            raise ConnectionError(f"{host} is not a loopback address")
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def adopt(self, line: MeteredSocket) -> None:
        """Speak over a socket that is connected."""
        # The library forgets it where the answer is the last one, and its body is still to come.
        self.sock = self._line = line
        # Also of one that nobody closed: the socket is not part of what is thrown away with it.
        self.disconnect = weakref.finalize(self, line.shut)

    def alive(self) -> bool:
        """Tell whether another request may be sent."""
        return self._line.is_quiet()

    def write(
        self, method: str, parts: SplitResult, headers: Mapping[str, str], body: Sending
    ) -> None:
        """Send a request; where the other side hung up meanwhile, it may have said why."""
        # A line that begins with a space passes the library's own check.
        if _LINE_BREAK.search("".join(text for row in headers.items() for text in row)):
            raise ConnectionError("a header has a line break")
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        sized = {} if isinstance(body, bytes) else {"Content-Length": str(len(body))}
        self._line.settimeout(SILENCE)
        try:
            self.request(method, target, body or None, {**headers, **sized})
        except (BrokenPipeError, ConnectionResetError):
            if self.alive():
                raise

    def head(self, method: str) -> http.client.HTTPResponse:
        """Return an answer whose head was read to its end, past those that only announce it."""
        self._line.allow(MOST_HEAD, SILENCE)
        answer = self.getresponse()
        while answer.status < 200 and not self._line.ended:
            # The library skips "100 Continue" only, and takes any other one for the answer.
            answer.close()
            answer = http.client.HTTPResponse(self._line, method=method)
            answer.begin()
        if self._line.ended:
            # The library takes half a head for a whole one.
            raise ConnectionError(ENDED)
        return answer

    def piece(self, answer: http.client.HTTPResponse, size: int) -> bytes:
        """Return up to `size` bytes of a body as they come, none at its end."""
        # A frame may hide in a piece: pieces of chunks are small.
        most = min(size, MOST_FRAME) if answer.chunked else size
        self._line.allow(most + MOST_FRAME, SILENCE)
        found = answer.read1(most)
        if isinstance(answer.chunk_left, int) and answer.chunk_left < 0:
            raise ConnectionError("a chunk has a negative length")
        if answer.chunked and self._line.ended:
            raise ConnectionError(ENDED)
        return found


class _AnswerBody:
    """The body of an answer; its connection is free again after the last byte."""

    def __init__(
        self,
        connection: _Connection,
        answer: http.client.HTTPResponse,
        length: int | None,
        done: Done,
    ) -> None:
        """Take how many bytes come, None where chunks or the end of the connection tell."""
        self._connection, self._answer = connection, answer
        self._left, self._done = length, done
        self._over = False
        if length == 0:
            self._finish(True)

    def read(self, size: int) -> bytes:
        if self._over:
            return b""
        with _as_os_error(self._connection):
            piece = self._connection.piece(self._answer, size)
            if not piece and self._left:
                raise ConnectionError(ENDED)
        if self._left is not None:
            self._left -= len(piece)
        if not piece or self._left == 0:
            self._finish(True)
        return piece

    def close(self) -> None:
        if not self._over:
            self._finish(False)

    def _finish(self, whole: bool) -> None:
        self._over = True
        self._answer.close()
        self._done(whole)


def _headers(answer: http.client.HTTPResponse) -> dict[str, str]:
    """Return the headers by their names in lower case, those that come twice joined."""
    if answer.msg.defects:
        raise ConnectionError(f"invalid HTTP header: {type(answer.msg.defects[0]).__name__}")
    found: dict[str, str] = {}
    for name, value in answer.msg.items():
        key, text = name.lower(), " ".join(value.splitlines()).strip()
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _length(
    answer: http.client.HTTPResponse, headers: Mapping[str, str], method: str
) -> int | None:
    """Return the bytes of a body, None where chunks or the end of the connection tell.

    Raises ConnectionError for a length that is none. Source: RFC 9112, "Message Body Length".
    """
    if method == "HEAD" or answer.status in (204, 304):
        return 0
    coding, length = headers.get("transfer-encoding", ""), headers.get("content-length", "")
    # Whatever else is coded, or coded twice, has no length that can be known.
    if answer.chunked and coding.lower() == "chunked":
        return None
    return _number(coding, length)


def _number(coding: str, length: str) -> int | None:
    if coding or not _LENGTH.fullmatch(length or "0"):
        raise ConnectionError(f"invalid length of a response: {(coding or length)[:40]!r}")
    return int(length) if length else None


@contextmanager
def _as_os_error(connection: _Connection) -> Iterator[None]:
    """Close the connection after any error, and raise the library's own ones as OSError."""
    try:
        yield
    except http.client.IncompleteRead as error:
        connection.disconnect()
        raise ConnectionError(ENDED) from error
    except http.client.HTTPException as error:
        connection.disconnect()
        if isinstance(error, OSError):
            raise
        raise ConnectionError(f"invalid HTTP response: {str(error)[:60]!r}") from error
    except BaseException:
        connection.disconnect()
        raise
