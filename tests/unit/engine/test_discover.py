"""Which engine answers."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from towpath.engine import discover
from towpath.engine.discover import DiscoveredEngine, find, host_endpoint

OWN = "unix:///run/towpath/docker.sock"
EMBEDDED = {
    "DOCKER_HOST": OWN,
    "DOCKER_CONFIG": "/run/towpath/client",
    "PATH": "/run/towpath/cli:/usr/bin",
}


def test_endpoint_is_the_default_socket(tmp_path: Path) -> None:
    """Without settings the client talks to the default socket."""
    assert host_endpoint({"HOME": str(tmp_path)}) == discover.DEFAULT


@pytest.mark.parametrize("by_variable", [True, False], ids=["DOCKER_CONTEXT", "config.json"])
def test_endpoint_of_the_context_in_use(tmp_path: Path, by_variable: bool) -> None:
    """A context chosen by variable or by the client's settings is followed."""
    meta = tmp_path / ".docker/contexts/meta" / hashlib.sha256(b"lab").hexdigest()
    meta.mkdir(parents=True)
    host = {"Endpoints": {"docker": {"Host": "ssh://lab.example"}}}
    (meta / "meta.json").write_text(json.dumps(host))
    chosen = {} if by_variable else {"currentContext": "lab"}
    (tmp_path / ".docker/config.json").write_text(json.dumps(chosen))
    env = {"HOME": str(tmp_path)} | ({"DOCKER_CONTEXT": "lab"} if by_variable else {})

    assert host_endpoint(env) == "ssh://lab.example"


def test_docker_host_beats_the_context(tmp_path: Path) -> None:
    """DOCKER_HOST wins, as it does for the client."""
    env = {"HOME": str(tmp_path), "DOCKER_CONTEXT": "lab", "DOCKER_HOST": "tcp://there:2375"}

    assert host_endpoint(env) == "tcp://there:2375"


def test_broken_settings_mean_the_default(tmp_path: Path) -> None:
    """The client ignores a broken file, and so do we."""
    (tmp_path / "config.json").write_text("{")

    assert host_endpoint({"DOCKER_CONFIG": str(tmp_path)}) == discover.DEFAULT


@pytest.mark.parametrize(
    ("answering", "expected"),
    [
        ({discover.DEFAULT}, DiscoveredEngine("host", discover.DEFAULT)),
        ({discover.DEFAULT, OWN}, DiscoveredEngine("host", discover.DEFAULT)),
        ({OWN}, DiscoveredEngine("embedded", OWN, EMBEDDED)),
        (set(), DiscoveredEngine("none", discover.DEFAULT)),
    ],
    ids=["host", "both", "embedded", "none"],
)
def test_the_hosts_engine_comes_first(
    tmp_path: Path, answering: set[str], expected: DiscoveredEngine
) -> None:
    """The embedded engine is used only where no other answers."""
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin"}

    assert find(env, answering.__contains__) == expected


def test_embedded_environment_leads_to_itself() -> None:
    """With the embedded engine's variables exported it is still known as embedded."""
    assert find(EMBEDDED, {OWN}.__contains__).environment == EMBEDDED


def test_the_hosts_engine_needs_nothing(tmp_path: Path) -> None:
    """For the host's engine the environment stays as it is."""
    env = {"HOME": str(tmp_path)}

    assert find(env, {discover.DEFAULT}.__contains__).environment == {}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one connection on a unix socket with the reply that the test puts into the list."""
    path, reply = tmp_path / "s", [b"HTTP/1.0 200 OK\r\n\r\nOK"]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(reply[0])

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"unix://{path}", reply
        thread.join()


@pytest.mark.door
def test_an_engine_that_says_ok_answers(server: tuple[str, list[bytes]]) -> None:
    """A ping with status 200 is an answer."""
    assert discover.answers(server[0])


@pytest.mark.door
def test_a_broken_engine_does_not_answer(server: tuple[str, list[bytes]]) -> None:
    """A ping with another status is none."""
    server[1][0] = b"HTTP/1.0 500 Internal Server Error\r\n\r\n"

    assert not discover.answers(server[0])


@pytest.mark.door
def test_an_absent_socket_does_not_answer(tmp_path: Path) -> None:
    """Nobody listens, so nobody answers; no error comes out."""
    assert not discover.answers(f"unix://{tmp_path}/none")


@pytest.mark.door
def test_a_tcp_engine_answers_when_it_accepts_connections() -> None:
    """An address that accepts connections answers, a closed one or one without port does not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]

        assert discover.answers(f"tcp://127.0.0.1:{port}")

    assert not discover.answers(f"tcp://127.0.0.1:{port}")
    assert not discover.answers("tcp://127.0.0.1")


def test_an_engine_elsewhere_is_believed() -> None:
    """An address that cannot be asked was named on purpose."""
    assert discover.answers("ssh://lab.example")
