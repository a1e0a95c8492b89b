"""`invoke health` with each part broken in turn, for real: the line, the exit code, the time."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import monotonic, time
from typing import Any

import pytest
import requests

from tests.e2e.conftest import ROOT, Ended, invoke
from tests.e2e.test_debug import HTPASSWD, login
from tests.misbehaving import RealRegistry, free_port, registry_program
from tests.quiet import QuietThreadingServer
from tests.registry_server import NAME, push_image
from tests.releases import labels
from towpath.core.references import Repository
from towpath.registry.client import RegistryClient
from towpath.tasks.context import workspace

# Seconds that a probe has, and all of them together; what Python needs around them on a busy
# machine is not theirs.
PROBE, TOGETHER, AROUND = 5.0, 7.0, 60.0
MINUTES = 10


@dataclass(frozen=True)
class Checked:
    """How the command ended, how long it took, and each check by its name."""

    ended: Ended
    seconds: float
    checks: dict[str, dict[str, Any]]

    def line(self, name: str) -> tuple[str, str, str]:
        """Return the status, the message and the next command of a check."""
        row = self.checks[name]
        return row["status"], row["message"], row["next"]


def health(*flags: str, **env: str) -> Checked:
    """Run the command for this repository; no check takes longer than it may."""
    started = monotonic()
    ended = invoke(ROOT, "health", "--json", *flags, **env)
    took = monotonic() - started
    document = json.loads(ended.out)
    rows = {row["check"]: row for row in document["checks"]}
    assert document["seconds"] < TOGETHER, ended.said
    assert took < TOGETHER + AROUND, ended.said
    assert max(row["seconds"] for row in rows.values()) < PROBE + 1, ended.said
    worst = {row["status"] for row in rows.values()}
    assert (ended.code == 5) == ("error" in worst), ended.said
    return Checked(ended, took, rows)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """Return a real registry that wants a password and has an image to read."""
    folder = tmp_path_factory.mktemp("registry")
    found = RealRegistry(registry_program(workspace(engine=True), folder), folder, HTPASSWD)
    found.start()
    client = RegistryClient(Repository(found.host, NAME), env=login(folder, found, "right"))
    push_image(client, labels(), tag="built")
    yield found
    found.stop()


def test_a_registry_that_is_well(registry: RealRegistry, tmp_path: Path) -> None:
    """Reachable, logged in, takes pushes, and its tag can be read; so do the other probes here."""
    found = health(**login(tmp_path, registry, "right"))

    assert found.line(f"registry {registry.host}")[0] == "ok", found.ended.said
    assert found.line(f"clock against {registry.host}")[:2] == ("ok", "in step")
    assert found.line("Docker engine")[0] == "ok"
    assert found.line("buildx")[0] == "ok"
    assert found.line("Compose")[0] == "ok"


def test_a_registry_that_is_stopped(tmp_path: Path) -> None:
    """What it was asked for is not known: both of its lines are errors."""
    host = f"127.0.0.1:{free_port()}"

    found = health(TOWPATH_REGISTRY=host)

    status, message, step = found.line(f"registry {host}")
    assert (status, step) == ("error", "invoke registry.start")
    assert message.startswith(f"could not check: The registry {host} cannot be reached: Connection")
    assert found.line(f"clock against {host}")[0] == "error"


def test_a_wrong_password(registry: RealRegistry, tmp_path: Path) -> None:
    """The login is refused; the clock is not known without an answer that is meant for us."""
    found = health(**login(tmp_path, registry, "mistaken"))

    status, message, step = found.line(f"registry {registry.host}")
    assert (status, message) == (
        "error",
        f"reachable, login refused: {registry.host} answered 401 for /v2/.",
    )
    assert step == f"invoke registry.login --registry={registry.host} --user=ci"
    assert base64.b64encode(b"ci:mistaken").decode() not in found.ended.said


def test_no_engine(tmp_path: Path) -> None:
    """Every check that needs one says that it could not check, and what starts one."""
    found = health(
        DOCKER_HOST="", DOCKER_CONTEXT="", TOWPATH_ENGINE_DIR=str(tmp_path), HOME=str(tmp_path)
    )

    for name in ("Docker engine", "buildx", "build cache", "Compose", "emulation"):
        assert found.line(name)[0] == "error", name
        assert found.line(name)[2] == "invoke engine.up", name
    assert found.line("Docker engine")[1].startswith("could not check: ")


def test_an_engine_that_hangs(tmp_path: Path) -> None:
    """It takes connections and answers nothing: the command ends all the same."""
    place = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(place))
        silent.listen(64)
        found = health(DOCKER_HOST=f"unix://{place}")

    assert found.line("Docker engine")[0] == "error"
    assert found.line("disk for images")[0] == "error"


@contextmanager
def full(place: Path) -> Iterator[Path]:
    """Mount a small file system there, with hardly any room left in it."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=True)
    try:
        (place / "filling").write_bytes(bytes(900 * 1024))
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system")
def test_a_disk_that_is_full(registry: RealRegistry, tmp_path: Path) -> None:
    """Where the state is kept; how much is there and how much is needed."""
    with full(tmp_path / "small") as place:
        found = health(TOWPATH_STATE=str(place))

    status, message, step = found.line("disk for state")
    assert status == "error"
    assert message.startswith(f"0.0 GiB free in {place}")
    assert "at least 0.2 needed" in message
    assert step.startswith(f"du -sh {place}")


@contextmanager
def another_time(registry: RealRegistry, seconds: float) -> Iterator[str]:
    """Serve a registry whose clock differs by so many seconds; return its host."""

    class Late(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test's output clean."""

        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            sent = {key: text for key, text in self.headers.items() if key != "Host"}
            url = f"http://{registry.host}{self.path}"
            answer = requests.request(
                self.command, url, headers=sent, data=self.rfile.read(size), timeout=10
            )
            self.send_response_only(answer.status_code)
            own = {key: text for key, text in answer.headers.items() if key != "Date"}
            own["Date"] = formatdate(time() + seconds, usegmt=True)
            own["Content-Length"] = own.get("Content-Length", str(len(answer.content)))
            for key, text in own.items():
                self.send_header(key, text)
            self.end_headers()
            self.wfile.write(answer.content)

        do_HEAD = do_POST = do_DELETE = do_GET

    server = QuietThreadingServer(("127.0.0.1", 0), Late)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("seconds", "status", "words"),
    [(-60 * MINUTES, "error", "s ahead"), (60 * MINUTES, "error", "s behind"), (60, "warning", "")],
)
def test_a_clock_that_is_wrong(
    registry: RealRegistry, tmp_path: Path, seconds: int, status: str, words: str
) -> None:
    """By ten minutes it is an error, by one a warning; the registry itself is fine."""
    pair = base64.b64encode(b"ci:right").decode()
    with another_time(registry, seconds) as host:
        config = {"auths": {host: {"auth": pair}}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        found = health(TOWPATH_REGISTRY=host, DOCKER_CONFIG=str(tmp_path))

    row = found.line(f"clock against {host}")
    assert (row[0], row[2]) == (status, "timedatectl set-ntp true"), found.ended.said
    assert row[1].endswith(words)
    assert abs(abs(seconds) - int(row[1].split()[0])) < 5


def test_a_registry_that_hangs(tmp_path: Path) -> None:
    """It takes connections and says nothing; the command ends after the time of a probe."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        found = health(TOWPATH_REGISTRY=host)

    assert found.line(f"registry {host}")[:2] == (
        "error",
        f"could not check: no answer within {PROBE:g} s",
    )


def test_a_warning_is_an_error_where_that_is_wanted(registry: RealRegistry, tmp_path: Path) -> None:
    """With --strict; lines are written without --json, each with its mark and its time."""
    config = tmp_path / "empty"
    config.mkdir()
    env = {**login(tmp_path, registry, "right"), "TOWPATH_STATE": str(tmp_path / "state")}

    plain = invoke(ROOT, "health", **env)
    strict = invoke(ROOT, "health", "--strict", **env)

    marks = {line[0] for line in plain.out.splitlines()}
    # Here nothing was ever scanned, which is a warning.
    assert "!" in marks
    assert plain.code == (5 if "✗" in marks else 0), plain.said
    assert strict.code == 5, strict.said
