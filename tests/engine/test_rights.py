"""A user without rights on this machine tries the engine's registry, files, locks and sockets.

The registry and HAProxy run as the engine runs them, from its own Debian, without a Docker engine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal
from tests.misbehaving import embedded_program, free_port
from tests.registry_server import push_image
from towpath.core import locks, private
from towpath.core.errors import RegistryUnauthorizedError
from towpath.core.references import Repository
from towpath.core.runner import Runner
from towpath.engine import daemon, processes
from towpath.engine.layout import Layout
from towpath.engine.lifecycle import alone
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.login import registry_client
from towpath.tasks.context import workspace as new_workspace

pytestmark = [
    pytest.mark.engine,
    pytest.mark.machine,
    # The registry is meant to outlive the command that starts it.
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

NOBODY = 65534
# Two of the programs of towpath/engine/engine.sh.
FIRST = """mount -t overlay towpath -o "lowerdir=$1/usr:/usr" /usr || exit 1
trap "exit 0" TERM
docker-registry serve "$2/registry.yml" & haproxy -db -f "$2/registry.cfg" &
while :; do wait; sleep 1; done
"""
# What nobody tries: it prints what came of each.
ATTEMPTS = """
import base64, fcntl, http.client, json, os, socket, sys
port, digest, paths, sockets = json.loads(sys.argv[1])
said = {"user": os.getuid()}
def ask(method, path, body=b"", login=""):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/vnd.oci.image.index.v1+json"}
    if login:
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    connection.request(method, path, body, headers)
    return connection.getresponse().status
for name, row in {
    "read": ("GET", "/v2/a/b/tags/list"),
    "upload": ("POST", "/v2/a/b/blobs/uploads/"),
    "mount": ("POST", f"/v2/a/b/blobs/uploads/?mount={digest}&from=a/c"),
    "chunk": ("PATCH", "/v2/a/b/blobs/uploads/x", b"x"),
    "push": ("PUT", "/v2/a/b/manifests/one", b"{}"),
    "delete": ("DELETE", f"/v2/a/b/manifests/{digest}"),
    "other": ("PROPFIND", "/v2/a/b/manifests/one"),
    "guess": ("DELETE", f"/v2/a/b/manifests/{digest}", b"", "towpath:towpath"),
    "nothing": ("DELETE", f"/v2/a/b/manifests/{digest}", b"", "towpath:"),
}.items():
    said[name] = ask(*row)
def tried(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"
for path in paths:
    said[path] = [tried(lambda: open(path).close()), tried(lambda: os.rename(path, path + ".x")),
                  tried(lambda: os.listdir(path)), tried(lambda: os.unlink(path))]
for path in sockets:
    said[path] = tried(lambda: socket.socket(socket.AF_UNIX).connect(path))
print(json.dumps(said))
"""


@pytest.fixture
def own() -> Iterator[Layout]:
    """The registry of an engine of this test's own, below a directory that everybody may enter."""
    tools = new_workspace(engine=True)
    program = embedded_program(tools.config.env)
    if program is None or not (program.parents[1] / "sbin/haproxy").is_file():
        pytest.fail("The programs of the embedded engine are needed: invoke engine.up")
    before = os.umask(0)
    try:
        with tempfile.TemporaryDirectory(prefix="tp-") as folder:
            Path(folder).chmod(0o755)
            found = Layout(Path(folder) / "state", Path(folder) / "run", free_port())
            runner = Runner(QuietTerminal(), env=dict(tools.config.env), cwd=Path("/"))
            with alone(found, QuietTerminal()), locks.opened(found.pushes):
                daemon._prepare(found, program.parents[2], runner.env)
                private.write_private(found.log, "")
                argv = ["sh", "-c", daemon.RECORD, "sh", str(found.record), "unshare"]
                argv += [*daemon.NAMESPACES, "sh", "-c", FIRST, "sh", str(program.parents[2])]
                runner.spawn([*argv, str(found.run)], log=found.log)
            ready = processes.until(lambda: daemon.registry_answers(found.port), 20)
            assert ready, found.log.read_text()
            yield found
            daemon.stop(found)
    finally:
        os.umask(before)


def client(own: Layout, env: dict[str, str]) -> RegistryClient:
    """Return a client in a process with this environment."""
    return registry_client(Repository(own.registry, "a/b"), env)


def own_env(own: Layout) -> dict[str, str]:
    """Return what names the engine, as every task of a user has it."""
    return {
        "TOWPATH_ENGINE_DIR": str(own.run.parent),
        "TOWPATH_ENGINE_PORT": str(own.port),
        "HOME": str(own.state),
    }


def as_nobody(*given: Any) -> dict[str, Any]:
    """Run the attempts as a user without rights, with a Python that this user can start."""
    for program in (sys.executable, shutil.which("python3", path="/usr/bin:/bin")):
        if program is None:
            continue
        try:
            ended = subprocess.run(
                [program, "-I", "-c", ATTEMPTS, json.dumps(given)],
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                cwd="/",
                env={},
                capture_output=True,
                text=True,
            )
        except PermissionError:
            continue
        assert ended.returncode == 0, ended.stderr
        found: dict[str, Any] = json.loads(ended.stdout)
        return found
    pytest.fail("A Python that every user can start is needed.")


def test_a_user_without_rights_reads_and_does_nothing_else(own: Layout) -> None:
    """Pull, yes; push, delete, read a password, hold a lock, reach a socket: no."""
    index = push_image(client(own, own_env(own)), {}, tag="one")
    run, state = own.run, own.state
    files = [run / name for name in ("registry.yml", "registry.cfg", "registry.password")]
    files += [run / "client/config.json", own.record, state / "registry", own.log]
    closed = [str(row) for row in (run, state, own.lock, own.pushes, *files)]

    said = as_nobody(own.port, index.digest, closed, [str(run / "registry.sock")])

    assert said["user"] == NOBODY
    assert said["read"] == 200
    names = ("upload", "mount", "chunk", "push", "delete", "other", "guess", "nothing")
    assert {name: said[name] for name in names} == dict.fromkeys(names, 401)
    refused = dict.fromkeys(closed, ["PermissionError"] * 4)
    assert {path: said[path] for path in closed} == refused
    assert said[str(run / "registry.sock")] == "PermissionError"
    assert client(own, own_env(own)).resolve("one") == index.digest
    for path in (own.lock, own.pushes, *files):
        wanted = 0o700 if path.is_dir() else 0o600
        assert path.name == "registry" or path.stat().st_mode & 0o777 == wanted, path


def test_the_engine_s_own_clients_are_known(own: Layout) -> None:
    """With the engine's environment and without; others are not, and may still read."""
    image = push_image(client(own, own_env(own)), {}, tag="one")
    config = own_env(own) | {"DOCKER_CONFIG": str(own.client_config)}
    other = client(own, {"HOME": str(own.state)})

    assert client(own, own_env(own)).authenticated
    assert client(own, config).authenticated
    assert not other.authenticated
    assert other.resolve("one") == image.digest
    with pytest.raises(RegistryUnauthorizedError):
        other.put_manifest("two", oci.index_of([]))
    with pytest.raises(RegistryUnauthorizedError):
        other.delete(image.digest)
    client(own, config).delete(image.digest)
