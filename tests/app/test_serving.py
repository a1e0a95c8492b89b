"""How a connection ends: at once, whatever the other side still has to say."""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from config import serving
from config.serving import Worker

ANSWER = b"HTTP/1.1 401 Unauthorized\r\n\r\n"


@pytest.mark.parametrize("sent", [0, 10, 200_000])
@pytest.mark.parametrize("graceful", [True, False])
def test_a_connection_is_closed_without_a_pause(sent: int, graceful: bool) -> None:
    """Also while the other side holds it open and goes on sending; the answer still arrives."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    sent = sent and theirs.send(b"x" * sent)
    ours.sendall(ANSWER)
    began = time.monotonic()
    serving.close(ours, graceful=graceful)
    took = time.monotonic() - began
    theirs.setblocking(True)
    with theirs:
        said = theirs.recv(4096)

    assert took < 0.5
    assert ours.fileno() == -1
    assert said == ANSWER


def test_a_connection_that_is_gone_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other side may have been faster."""
    ours, theirs = socket.socketpair()
    theirs.close()
    serving.close(ours, graceful=True)
    serving.close(ours, graceful=True)

    assert ours.fileno() == -1


def test_the_worker_ends_every_request_so() -> None:
    """What gunicorn asks for, with `graceful`, is ours by then."""
    ours, theirs = socket.socketpair()
    theirs.send(b"the rest of a body")
    connection: Any = SimpleNamespace(sock=ours, close=None)
    done: Future[bool] = Future()
    done.set_result(False)
    worker = Worker.__new__(Worker)
    worker.nr_conns = 1
    began = time.monotonic()
    worker.finish_request(connection, done)

    assert time.monotonic() - began < 0.5
    assert (worker.nr_conns, ours.fileno()) == (0, -1)
    theirs.close()
