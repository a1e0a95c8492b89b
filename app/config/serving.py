"""gunicorn's worker, which waits for nobody whose request it has answered."""

from __future__ import annotations

import contextlib
import socket
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped,unused-ignore]

MOST = 256 * 1024
"""The bytes that are taken from a connection before it is closed: what the kernel may hold."""


class Worker(ThreadWorker):  # type: ignore[misc,unused-ignore]
    """Closes a connection at once, also one whose body was not read.

    gunicorn's own waits up to two seconds for the other side, in the thread that takes every new
    connection: a client that goes on sending a body would keep everybody waiting.
    """

    def finish_request(self, conn: Any, fs: Any) -> None:
        """End a request, and close its connection without a pause."""
        conn.close = partial(close, conn.sock)
        super().finish_request(conn, fs)


def close(connection: socket.socket, graceful: bool = False) -> None:
    """Close a connection; with `graceful` what has arrived is taken first, and not waited for.

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
