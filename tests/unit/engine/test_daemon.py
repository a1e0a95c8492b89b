"""Starting and stopping by pid."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread

import pytest

from tests.quiet import QuietServer
from tests.unit.engine.starter import TableStarter
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.engine import daemon, processes
from towpath.engine.layout import Layout


@pytest.fixture
def own(tmp_path: Path) -> Layout:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    (tmp_path / "state").mkdir()
    return Layout(tmp_path / "state", tmp_path / "run", port)


def record(own: Layout, boot: str) -> None:
    """Write a record of this test's own process."""
    own.run.mkdir(exist_ok=True)
    own.record.write_text(boot + Path("/proc/self/stat").read_text())


def test_record_of_a_living_process_is_the_engine(own: Layout) -> None:
    """A record of this boot, of a process that lives, is believed."""
    record(own, processes.BOOT.read_text())

    found = daemon.running(own)

    assert found is not None
    assert processes.living(found)


def test_record_of_another_boot_is_not(own: Layout) -> None:
    """After a reboot the engine does not run, whoever has its pid now."""
    record(own, "another\n")

    assert daemon.running(own) is None
    assert not daemon.stop(own)
    assert not own.run.exists()


def test_a_taken_port_is_named_with_the_way_out(own: Layout) -> None:
    """Nothing is started when somebody else has the registry's port."""
    runner = TableStarter()
    with socket.create_server(("127.0.0.1", own.port)):
        with pytest.raises(ConfigurationError, match=str(own.port)) as caught:
            daemon.start(own, own.root("aaaa"), "arm64", runner)

    assert "TOWPATH_ENGINE_PORT" in caught.value.next_step
    assert runner.started == []


@pytest.mark.door
def test_an_engine_that_does_not_come_up_shows_its_log(
    own: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error carries the end of the log, and nothing is left in the run directory."""

    class Silent(TableStarter):
        def spawn(self, argv: object, *, log: Path, env: object = None) -> int:
            log.write_text("failed to start daemon: no space left")
            return 1

    monkeypatch.setattr(daemon, "START", 0.01)

    with pytest.raises(CommandFailedError) as caught:
        daemon.start(own, own.root("aaaa"), "arm64", Silent())

    assert "no space left" in caught.value.why
    assert not own.run.exists()


@pytest.mark.door
@pytest.mark.parametrize("ignored", ["", "trap '' TERM;"], ids=["listens", "does not listen"])
def test_stop_asks_the_inner_process_and_then_kills_the_outer(
    own: Layout, monkeypatch: pytest.MonkeyPatch, ignored: str
) -> None:
    """A polite end is waited for; without it the outer process is ended, and with it the rest."""
    monkeypatch.setattr(daemon, "STOP", 1.0)
    inner = f"{ignored} while :; do sleep 0.05; done"
    # As the engine's own start does it, but without rights that only root has.
    bound = f'setpriv --pdeathsig KILL sh -c "{inner}"; exit $?'
    outer = subprocess.Popen(["sh", "-c", bound])
    stat = Path(f"/proc/{outer.pid}/stat").read_text()
    own.run.mkdir()
    own.record.write_text(processes.BOOT.read_text() + stat)
    processes.until(lambda: bool(processes.children(processes.parse_stat(stat))), 5)
    (child,) = processes.children(processes.parse_stat(stat))

    assert daemon.stop(own)

    assert outer.wait(5) != 0
    assert processes.wait(child, 5)
    assert daemon.running(own) is None


@pytest.mark.door
def test_start_prepares_client_and_namespaces(own: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is started in namespaces of its own; the client finds plugins and logins."""
    user = own.state / "user"
    user.mkdir()
    (user / "config.json").write_text('{"auths": {"r": {"auth": "x"}}}')
    monkeypatch.setattr(daemon, "ready", lambda _layout: True)
    runner = TableStarter(env={"DOCKER_CONFIG": str(user)})

    daemon.start(own, own.root("aaaa"), "arm64", runner)

    line = " ".join(runner.started[0])
    assert "unshare --pid --fork --kill-child --mount --mount-proc" in line
    assert line.endswith(f"{own.state}/root-aaaa {own.run} aarch64")
    logins = json.loads((own.client_config / "config.json").read_text())["auths"]
    pair = base64.b64encode(f"towpath:{own.password.read_text()}".encode()).decode()
    assert logins["r"] == {"auth": "x"}
    assert logins[f"localhost:{own.port}"] == logins[f"127.0.0.1:{own.port}"] == {"auth": pair}
    assert (user / "config.json").read_text() == '{"auths": {"r": {"auth": "x"}}}'
    assert str((own.cli / "docker").readlink()) == f"{own.state}/root-aaaa/usr/bin/docker"


@pytest.mark.door
@pytest.mark.parametrize("umask", [0, 0o077])
def test_nobody_else_may_open_what_the_engine_writes(
    own: Layout, monkeypatch: pytest.MonkeyPatch, umask: int
) -> None:
    """Passwords, configurations and the log are 0600 below directories of 0700."""
    monkeypatch.setattr(daemon, "ready", lambda _layout: True)
    before = os.umask(umask)
    try:
        daemon.start(own, own.root("aaaa"), "arm64", TableStarter())
    finally:
        os.umask(before)

    files = [row for row in own.run.rglob("*") if row.is_file() and not row.is_symlink()]
    assert {row.name for row in files} == {
        "config.json",
        "daemon.json",
        "registry.cfg",
        "registry.password",
        "registry.yml",
    }
    assert {row.stat().st_mode & 0o777 for row in (*files, own.log)} == {0o600}
    assert own.run.stat().st_mode & 0o777 == own.client_config.stat().st_mode & 0o777 == 0o700


class Registry(BaseHTTPRequestHandler):
    """Has one path and nothing else."""

    def do_HEAD(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Stay quiet."""


@pytest.mark.door
def test_registry_answers_only_what_it_has(own: Layout) -> None:
    """200 is yes, 404 is no, and a registry that is not there is no error."""
    assert not daemon.registry_answers(own.port)
    with QuietServer(("127.0.0.1", own.port), Registry) as server:
        Thread(target=server.serve_forever, daemon=True).start()

        assert daemon.registry_answers(own.port)
        assert not daemon.registry_answers(own.port, "/v2/library/none/manifests/1")
        server.shutdown()


def test_why_dockerd_ended() -> None:
    """A panic is above its stack; anything else is at the end."""
    lines = [f"line {number}" for number in range(30)]

    assert daemon.reason("\n".join(lines)) == "\n".join(lines[-12:])
    shown = daemon.reason("\n".join([*lines, "panic: no", *lines])).splitlines()
    assert (shown[0], len(shown)) == ("panic: no", 12)
    assert daemon.reason("") == ""
