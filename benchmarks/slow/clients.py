"""Connections that are slow on purpose: each opens, says a little each second, and never ends.

One that the other side ends is opened again some seconds later: many at once are another matter.
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PAUSE = 1.0  # seconds between two pieces of a connection
REST = 10.0  # seconds until a connection that was ended is opened again
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
    "no reading": Kind(b"GET /" + _HOST + b"\r\n", b"", reader=False),
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
        kinds = list(itertools.islice(itertools.cycle(self.kinds), self.count))
        due = [(0.0, kind) for kind in kinds]
        while not self._stop.is_set():
            due = self._connect_due(due)
            self.full.set()
            self._stop.wait(PAUSE)
            due += [(time.monotonic() + REST, kind) for kind in self._drop_ended()]
        for connection, _ in self._open:
            connection.close()

    def stop(self) -> None:
        """End every connection."""
        self._stop.set()

    def _connect_due(self, due: list[tuple[float, Kind]]) -> list[tuple[float, Kind]]:
        """Open what is to be open by now, and return the rest: each with its time."""
        now = time.monotonic()
        for when, kind in due:
            if when <= now:
                self._connect(kind)
        return [row for row in due if row[0] > now]

    def _drop_ended(self) -> list[Kind]:
        """Say one more piece on every connection, and return the kinds of those that have ended."""
        over = [row for row in self._open if not self._goes_on(*row)]
        self._open = [row for row in self._open if row not in over]
        return [kind for _, kind in over]

    def _connect(self, kind: Kind) -> None:
        connection = socket.create_connection((self.host, self.port), PATIENCE)
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


def hold(host: str, port: int, count: int, ready: Any, stop: Any) -> None:
    """Hold slow connections of every kind until that is over, in a process of its own."""
    with crowd(host, port, KINDS.values(), count):
        ready.set()
        stop.wait()
