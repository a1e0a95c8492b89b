"""An environment whose engine is reached by ssh: one truth for every caller, whatever is cut."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.e2e import trial as trials
from tests.e2e.product import Product, start
from towpath.core.errors import CommandFailedError, LockedError
from towpath.deployment import deploy, verify
from towpath.deployment.plan import unfinished
from towpath.engine import ssh
from towpath.engine.discover import find
from towpath.environments.state.commands import OWNER

HOST = "server-of-the-test"


@dataclass(frozen=True)
class Server:
    """An sshd on this machine's loopback; `url` is the address of the engine behind it."""

    url: str
    argv: list[str]
    processes: list[subprocess.Popen[bytes]]
    known_hosts: Path

    def start(self) -> None:
        """Take connections."""
        self.processes.append(subprocess.Popen(self.argv, start_new_session=True))

    def cut(self) -> None:
        """End every connection, and take no further one."""
        process = self.processes.pop()
        # Each connection has a session of its own.
        for pid in (*_children(process.pid), process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Start sshd with keys of its own, and let `ssh` find it by a name of its configuration."""
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    assert program, "sshd is missing: apt-get install openssh-server"
    Path("/run/sshd").mkdir(exist_ok=True)
    for name in ("host", "user"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(argv, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known = tmp_path / "known_hosts"
    key = (tmp_path / "host.pub").read_text()
    known.write_text(f"[127.0.0.1]:{port} {key}")
    (tmp_path / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\nStrictModes no\n"
        f"AuthorizedKeysFile {tmp_path}/user.pub\nPasswordAuthentication no\nUsePAM no\n"
        "PermitRootLogin yes\nPidFile none\n"
    )
    (tmp_path / "config").write_text(
        f"Host {HOST}\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {tmp_path}/user\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {known}\n  GlobalKnownHostsFile none\n"
    )
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin/ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {tmp_path}/config "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    argv = [program, "-D", "-f", str(tmp_path / "sshd_config"), "-E", str(tmp_path / "log")]
    engine = dict(find(os.environ).environment)["DOCKER_HOST"].removeprefix("unix://")
    found = Server(f"ssh://{HOST}{engine}", argv, [], known)
    found.start()
    _wait_for(lambda: _listens(port))
    try:
        yield found
    finally:
        for _endpoint, tunnel in ssh._OPEN.values():
            tunnel.stop()
        ssh._OPEN.clear()
        if found.processes:
            found.cut()


def over_ssh(product: Product, server: Server) -> Product:
    """Return the same environment, as one sees it whose settings name its engine."""
    trial = product.trial
    return replace(product, trial=replace(trial, settings={**trial.settings, "engine": server.url}))


def test_a_release_comes_over_ssh_and_everybody_sees_it(product: Product, server: Server) -> None:
    """No request is lost on the way, and both sides know the same history afterwards."""
    remote, before, after = over_ssh(product, server), product.serves, product.other
    with trials.load(product.trial) as met:
        remote.deploy(after)
        facts = verify.verify(
            remote.trial.workspace, remote.trial.environment, product.digests[after], after
        )
        there = product.serves
        deploy.rollback(remote.trial.workspace, remote.trial.environment)

    assert (there, product.serves) == (after, before)
    assert (met.failed, facts["problems"]) == ({}, [])
    assert remote.trial.site.history.releases() == product.trial.site.history.releases()
    assert not list((product.trial.root / "trial").glob("*.json*")), "nothing is kept here"


@pytest.mark.parametrize(("step", "phase"), [("switch", "begin"), ("record", "done")])
def test_a_caller_that_is_killed_is_taken_over(
    product: Product, server: Server, step: str, phase: str
) -> None:
    """Its lock is free at once, and the next caller finishes or undoes its deployment."""
    before, after = product.serves, product.other
    process = start(over_ssh(product, server), after, step, phase)
    process.communicate(timeout=120)
    ended = time.monotonic()
    recorded = product.trial.site.history.releases()[-1]["version"]
    _wait_for(lambda: product.trial.get()[0] == 200)
    product.deploy(recorded)

    assert process.returncode == -signal.SIGKILL
    assert time.monotonic() - ended < 30
    assert product.serves == recorded == (after if step == "record" else before)


def test_two_callers_are_refused_by_the_lock_of_the_engine(
    product: Product, server: Server
) -> None:
    """One comes by ssh, the other is on the engine's machine; the owner is named."""
    after = product.other
    process = start(over_ssh(product, server), after, "", "")
    state = product.trial.site.state
    try:
        _wait_for(lambda: str(process.pid).encode() in (state.read(OWNER) or b""))
        with pytest.raises(LockedError, match=str(process.pid)):
            product.deploy(product.serves)
    finally:
        process.communicate(timeout=120)

    assert (process.returncode, product.serves) == (0, after)


def test_a_connection_that_is_cut_for_a_moment_is_made_again(
    product: Product, server: Server
) -> None:
    """The deployment waits, takes its lock again, and comes to its end."""
    after = product.other
    process = start(over_ssh(product, server), after, "", "")
    _wait_for(lambda: _has_begun(product, after, "watch"))
    server.cut()
    time.sleep(3)
    server.start()
    said = process.communicate(timeout=180)[1]

    assert (process.returncode, product.serves) == (0, after), said
    assert "Paused at" in said


def test_a_connection_that_is_cut_for_good_leaves_the_deployment_to_the_next(
    product: Product, server: Server
) -> None:
    """Nothing is undone without the lock; the next caller does it, and one release serves."""
    after = product.other
    process = start(over_ssh(product, server), after, "", "")
    journal = product.trial.site.journal
    _wait_for(lambda: _has_begun(product, after, "switch"))
    server.cut()
    said = process.communicate(timeout=180)[1]
    before = product.trial.site.history.releases()[-1]["version"]
    product.deploy(before)

    assert process.returncode != 0
    assert "DeploymentPausedError" in said
    assert product.serves == before
    assert unfinished(journal.read(), product.trial.site.history.releases()) is None


def test_a_host_key_that_is_not_known_is_refused(product: Product, server: Server) -> None:
    """Nobody is asked, and what helps is said."""
    server.known_hosts.write_text("")
    with pytest.raises(CommandFailedError, match="Cannot connect to .* by ssh") as caught:
        over_ssh(product, server).deploy(product.other)

    assert caught.value.why == "Host key verification failed."
    assert f"ssh {HOST}" in caught.value.next_step


def _has_begun(product: Product, version: str, step: str) -> bool:
    rows = product.trial.site.journal.read()
    ours = bool(rows) and rows[0]["digest"] == product.digests[version]
    return ours and any(row.get("step") == step for row in rows)


def _children(pid: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(word) for word in path.read_text().split()] if path.exists() else []
    return found + [row for child in found for row in _children(child)]


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def _wait_for(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)
