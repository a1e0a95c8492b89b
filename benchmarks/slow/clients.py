"""Connections that are slow on purpose: each opens, says a little each second, and never ends."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PAUSE = 1.0  # seconds between two pieces of a connection
PATIENCE = 5.0  # seconds for a connection to be taken
LENGTH = 900_000  # bytes that a body says it will have
_HOST = b" HTTP/1.1\r\nHost: localhost\r\n"
_BODY = b"Content-Length: %d\r\n" % LENGTH
_FORM = b"Content-Type: multipart/form-data; boundary=x\r\n"
_FILE = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'


@dataclass(frozen=True)
class Kind:
    """What a slow client says first and then each second; one that is no `reader` hears answers."""

    first: bytes
    then: bytes
    reader: bool = True


KINDS = {
    "silent": Kind(b"", b""),
    "headers": Kind(b"GET /" + _HOST, b"X-Slow: 1\r\n"),
    "one long header": Kind(b"GET /" + _HOST + b"X-Slow: ", b"x"),
    "upload": Kind(b"POST /" + _HOST + _FORM + _BODY + b"\r\n" + _FILE, b"x"),
    "large upload": Kind(b"POST /" + _HOST + _FORM + _BODY + b"\r\n" + _FILE + b"x" * 40_000, b"x"),
    "report": Kind(
        b"POST /api/runs/" + _HOST + b"Content-Type: application/json\r\n" + _BODY + b"\r\n{", b" "
    ),
    "large report": Kind(b"POST /api/runs/" + _HOST + _BODY + b"\r\n{" + b" " * 40_000, b" " * 100),
    "chunks": Kind(b"POST /" + _HOST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "no reading": Kind(b"GET /" + _HOST + b"\r\n", b"GET /" + _HOST + b"\r\n", reader=False),
}


@dataclass
class Crowd:
    """Many slow connections to one address, opened again whenever the other side ends one.

    `answers` are the first lines of what was heard, `ended` counts how often one was ended.
    """

    host: str
    port: int
    kinds: Iterable[Kind]
    count: int
    answers: set[bytes] = field(default_factory=set)
    ended: int = 0
    _open: list[tuple[socket.socket, Kind]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    full: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Keep the connections open until `stop`; `full` is set when all are there first."""
        turns = itertools.cycle(self.kinds)
        while not self._stop.is_set():
            while len(self._open) < self.count and not self._stop.is_set():
                self._connect(next(turns))
            self.full.set()
            self._stop.wait(PAUSE)
            self._open = [row for row in self._open if self._goes_on(*row)]
        for connection, _ in self._open:
            connection.close()

    def stop(self) -> None:
        """End every connection."""
        self._stop.set()

    def _connect(self, kind: Kind) -> None:
        try:
            connection = socket.create_connection((self.host, self.port), PATIENCE)
        except OSError:
            self.ended += 1
            self._stop.wait(PAUSE / 10)
            return
        if not kind.reader:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self._open.append((connection, kind))
        try:
            connection.sendall(kind.first)
        except OSError:
            pass  # Answered before all was said: the next look closes it.
        connection.setblocking(False)

    def _goes_on(self, connection: socket.socket, kind: Kind) -> bool:
        """Say one more piece; close a connection that the other side has ended."""
        try:
            if kind.reader and self._heard(connection):
                raise ConnectionResetError
            connection.send(kind.then)
        except BlockingIOError:
            return True
        except OSError:
            self.ended += 1
            connection.close()
            return False
        return True

    def _heard(self, connection: socket.socket) -> bool:
        """Tell whether the other side has answered, and so is done with a connection."""
        try:
            said = connection.recv(4096)
        except BlockingIOError:
            return False
        self.answers.add(said.partition(b"\r\n")[0])
        return True


@contextmanager
def crowd(host: str, port: int, kinds: Iterable[Kind], count: int) -> Iterator[Crowd]:
    """Hold so many slow connections, of these kinds in turns, for as long as the block runs."""
    found = Crowd(host, port, tuple(kinds), count)
    thread = threading.Thread(target=found.run, daemon=True)
    thread.start()
    try:
        found.full.wait(10 * PATIENCE)
        yield found
    finally:
        found.stop()
        thread.join()
