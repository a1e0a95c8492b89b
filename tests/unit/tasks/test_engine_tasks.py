"""The engine's tasks as people type them: which engine there is, and that none is touched."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.tasks.test_surface import invoke

pytestmark = pytest.mark.door

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return where an embedded engine would be, on a path short enough for a socket's name."""
    with tempfile.TemporaryDirectory(prefix="towpath-", dir="/tmp") as name:
        monkeypatch.setenv("TOWPATH_ENGINE_DIR", f"{name}/engine")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{name}/host.sock")
        yield Path(name)


@pytest.fixture
def host(place: Path) -> Iterator[str]:
    """Let an engine of the host answer pings, and return its address."""
    path = str(place / "host.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        server.settimeout(0.1)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.recv(64)
                    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nOK")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"unix://{path}"
        ended.set()
        thread.join()


def test_the_engine_of_the_host_is_used_as_it_is(host: str, place: Path, capsys: Capture) -> None:
    """Nothing has to be set, and nothing of an embedded one is made."""
    code, out, err = invoke(capsys, "engine.up")

    assert (code, out) == (0, "")
    assert "is used as it is" in err
    assert not (place / "engine").exists()


def test_an_engine_that_is_named_and_silent_ends_with_2(place: Path, capsys: Capture) -> None:
    """The error names it, and what to do."""
    code, _, err = invoke(capsys, "engine.up")

    assert code == 2
    assert "The Docker engine at unix://" in err
    assert "unset DOCKER_HOST" in err


def test_the_status_says_which_engine_there_is(host: str, capsys: Capture) -> None:
    """The host's, and none of our own."""
    code, out, _ = invoke(capsys, "engine.status")

    assert code == 0
    assert "host" in out and "not running" in out and "not built" in out


def test_down_leaves_the_engine_of_the_host_alone(host: str, place: Path, capsys: Capture) -> None:
    """There is nothing of ours to stop; the host's still answers."""
    code, _, err = invoke(capsys, "engine.down", "--purge")

    assert code == 0
    assert err == "There is no embedded engine on this machine.\n"
    assert invoke(capsys, "engine.up")[0] == 0
