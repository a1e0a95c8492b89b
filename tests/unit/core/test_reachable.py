"""Who cannot be asked is known within three seconds, whatever the number of them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.quiet import QuietThreadingServer
from towpath.core.reachable import PATIENCE, unreachable

pytestmark = pytest.mark.door


LOGINS: list[str | None] = []


class Answers(BaseHTTPRequestHandler):
    """Answers with the number in the path, after as many seconds as it has behind a dash."""

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        LOGINS.append(self.headers.get("Authorization"))
        code, _, seconds = self.path.strip("/").partition("-")
        time.sleep(float(seconds or 0))
        self.send_response(int(code))
        self.end_headers()


@pytest.fixture
def address() -> Iterator[str]:
    """Start a server, and return its address."""
    server = QuietThreadingServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def silent() -> Iterator[str]:
    """Return an address that takes no connection and refuses none: its queue is full."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("path", ["200", "204", "429", "500", "503", "200-1"])
def test_whoever_connects_is_in_reach(address: str, path: str) -> None:
    """However slowly it answers, and also where it only cannot answer just now."""
    assert unreachable([f"{address}/{path}"]) == {}


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_whoever_refuses_is_not(address: str, code: int) -> None:
    """A proxy that forbids it, or an index that has no such service."""
    where = f"{address}/{code}"

    assert unreachable([where]) == {where: f"It answered with {code}."}


def test_all_are_tried_at_once_and_none_for_long(address: str, silent: str) -> None:
    """Six that never answer, one that refuses, one without a name, and one that is there."""
    gone = [f"{silent}/{number}" for number in range(6)]
    gone += ["http://127.0.0.1:1/", "http://nowhere.invalid/"]
    started = time.monotonic()

    found = unreachable([*gone, f"{address}/200"])

    assert time.monotonic() - started < PATIENCE + 0.1
    assert list(found) == gone
    assert found["http://127.0.0.1:1/"] == "ConnectionError."
    assert found[gone[0]] == "ConnectTimeout."


def test_nobody_to_ask_is_no_wait() -> None:
    """A directory of advisories is in reach always."""
    assert unreachable([]) == {}


def test_no_file_of_passwords_is_read(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is only asked whether it is there gets nobody's login."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password x\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    LOGINS.clear()

    assert unreachable([f"{address}/200"]) == {}
    assert LOGINS == [None]
