"""Hands connections on, from one address to another, as `ssh -R` does for a machine elsewhere.

As a program it takes two addresses and listens on the first, `host:port` or the path of a socket.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PIECE = 1 << 16


def listen(address: str) -> socket.socket:
    """Return a socket that listens there."""
    family, place = _place(address)
    server = socket.socket(family)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(place)
    server.listen(64)
    return server


def forward(server: socket.socket, address: str, live: set[socket.socket]) -> None:
    """Hand on every connection that comes, until the server is shut down; `live` are those open."""
    threads = []
    with server:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                break
            threads.append(threading.Thread(target=_hand_on, args=(near, address, live)))
            threads[-1].daemon = True
            threads[-1].start()
    for thread in threads:
        thread.join()


@contextmanager
def forwarding(path: Path, address: str) -> Iterator[None]:
    """Listen on a socket at this path, and hand on what comes while the block runs."""
    server, live = listen(str(path)), set[socket.socket]()
    path.chmod(0o666)
    thread = threading.Thread(target=forward, args=(server, address, live))
    thread.start()
    try:
        yield
    finally:
        for end in (server, *live):
            _shut(end, socket.SHUT_RDWR)
        thread.join()


def _hand_on(near: socket.socket, address: str, live: set[socket.socket]) -> None:
    family, place = _place(address)
    with near, socket.socket(family) as far, suppress(OSError):
        far.connect(place)
        live |= {near, far}
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()
        live -= {near, far}


def _place(address: str) -> tuple[int, str | tuple[str, int]]:
    if "/" in address:
        return socket.AF_UNIX, address
    host, _, port = address.rpartition(":")
    return socket.AF_INET, (host, int(port))


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE):
            sink.sendall(piece)
    _shut(sink, socket.SHUT_WR)


def _shut(end: socket.socket, how: int) -> None:
    with suppress(OSError):
        end.shutdown(how)


if __name__ == "__main__":
    forward(listen(sys.argv[1]), sys.argv[2], set())
