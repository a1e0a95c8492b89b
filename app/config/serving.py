"""A gunicorn worker that does not wait for clients after it has answered them."""

from __future__ import annotations

import contextlib
import socket
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped,unused-ignore]

MOST = 256 * 1024
"""Bytes read from a connection before it is closed: as much as the kernel may buffer."""


class Worker(ThreadWorker):  # type: ignore[misc,unused-ignore]
    """Closes a connection at once, even one whose body was not read.

    gunicorn's own waits up to two seconds for the other side, in the thread that takes every new
    connection: a client that keeps sending a body would block all others.
    """

    def finish_request(self, conn: Any, fs: Any) -> None:
        """End a request, and close its connection without a pause."""
        conn.close = partial(close, conn.sock)
        super().finish_request(conn, fs)


def close(connection: socket.socket, graceful: bool = False) -> None:
    """Close a connection; with `graceful`, read what has already arrived first.

    The kernel resets a connection that is closed with bytes unread, and may cut the answer so.
    """
    with contextlib.suppress(OSError):
        if graceful:
            connection.shutdown(socket.SHUT_WR)
            connection.setblocking(False)
            taken = 0
            while taken < MOST and (piece := connection.recv(64 * 1024)):
                taken += len(piece)
    with contextlib.suppress(OSError):
        connection.close()
