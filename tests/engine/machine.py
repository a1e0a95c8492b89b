"""Another machine for a build: a second engine with network, disk and certificates of its own."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests import forwarding
from towpath.config.builders import BuilderNode
from towpath.core.runner import Outcome, Running
from towpath.engine import processes
from towpath.engine.layout import layout

PORT = 2376
# Runs in a container. The programs are those of the engine that is in use: its /usr lies over the
# container's own. Registry and base images have the names that they have outside.
SCRIPT = """set -eu
usr=/usr
for place in /engine/root-*/usr /engine; do
    if [ -e "$place/sbin/dockerd" ] || [ -e "$place/bin/dockerd" ]; then usr=$place; fi
done
mount -t overlay machine -o "lowerdir=$usr:/usr" /usr
mkdir -p /programs
for family in iptables ip6tables; do
    for kind in nft legacy; do
        "xtables-$kind-multi" "$family" -t nat -S > /dev/null 2>&1 || continue
        for name in "$family" "$family-save" "$family-restore"; do
            ln -sf "$(command -v "xtables-$kind-multi")" "/programs/$name"
        done
        break
    done
done
PATH=/programs:$PATH
python3 /given/forwarding.py 127.0.0.1:"$1" /given/registry.sock &
exec dockerd --config-file /given/daemon.json
"""
AUTHORITY = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
REQUEST = ("openssl", "req", "-newkey", "rsa:2048", "-nodes")


@dataclass(frozen=True)
class Machine:
    """A second engine: what the project says of it, and how the test looks into it."""

    node: BuilderNode
    name: str
    files: Path
    runner: Running

    @property
    def environment(self) -> dict[str, str]:
        """What makes it the engine of Docker's client."""
        place = {"DOCKER_HOST": self.node.endpoint, "DOCKER_CERT_PATH": str(self.files)}
        return {**place, "DOCKER_TLS_VERIFY": "1"}

    def ask(self, *argv: str) -> Outcome:
        """Run Docker's client against it."""
        return self.runner.run(["docker", *argv], env=self.environment, check=False)

    def runs(self, program: str) -> bool:
        """Tell whether a program runs there, by what its command line holds.

        What a builder runs there is within its container, and is seen as well.
        """
        return program in self.runner.run(["docker", "top", self.name, "-eo", "pid,args"]).stdout


@contextmanager
def machine(
    runner: Running, registry: str, *, store: bool = True, mirror: bool = True
) -> Iterator[Machine]:
    """Start a second engine and take it away, with all that is in it.

    It knows `registry` of this machine by its name here, and as its mirror of Docker Hub; without
    `mirror` it has neither. Without `store` it keeps no images in containerd.
    """
    name = f"towpath-machine-{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory(prefix="tp-") as folder:
        files = Path(folder)
        _certify(runner, files)
        _configure(files, registry, store, mirror)
        with forwarding.forwarding(files / "registry.sock", _door(registry)):
            try:
                runner.run(_start(runner, name, files, registry))
                said = runner.run(["docker", "port", name, str(PORT)]).stdout.split()[0]
                given = {row: f"{files}/{row}.pem" for row in ("ca", "cert", "key")}
                found = Machine(
                    BuilderNode("linux/arm64", f"tcp://{said}", **given), name, files, runner
                )
                assert processes.until(lambda: found.ask("version").ok, 40), _log(runner, name)
                yield found
            finally:
                runner.run(["docker", "rm", "--force", "--volumes", name], check=False)


def _start(runner: Running, name: str, files: Path, registry: str) -> list[str]:
    said = runner.run(["docker", "info", "--format", "{{.DockerRootDir}}"]).stdout.strip()
    state = layout({}).state if said == str(layout({}).state / "docker") else Path("/usr")
    return [
        *("docker", "run", "--detach", "--privileged", f"--name={name}"),
        *(f"--publish=127.0.0.1::{PORT}", "--volume=/var/lib/docker"),
        *(f"--volume={state}:/engine:ro", f"--volume={files}:/given:ro"),
        *("python:3.13-slim", "sh", "/given/start", registry.rpartition(":")[2]),
    ]


def _door(registry: str) -> str:
    """Return where the registry is reached: the embedded one behind its port wants a password.

    An engine without an image store asks a mirror for `/v2/` first, and has none to send.
    """
    socket = layout(os.environ).run / "registry.sock"
    return str(socket) if socket.exists() else registry.replace("localhost", "127.0.0.1")


def _configure(files: Path, registry: str, store: bool, mirror: bool) -> None:
    (files / "start").write_text(SCRIPT)
    (files / "forwarding.py").write_text(Path(forwarding.__file__).read_text())
    settings = {
        "data-root": "/var/lib/docker",
        "features": {"containerd-snapshotter": store},
        "hosts": ["unix:///run/docker.sock", f"tcp://0.0.0.0:{PORT}"],
        "log-level": "warn",
        "registry-mirrors": [f"http://127.0.0.1:{registry.rpartition(':')[2]}"] if mirror else [],
        "tlsverify": True,
        "tlscacert": "/given/ca.pem",
        "tlscert": "/given/server.pem",
        "tlskey": "/given/server-key.pem",
    }
    (files / "daemon.json").write_text(json.dumps(settings))


def _certify(runner: Running, files: Path) -> None:
    """Make an authority, and what it signs for the server and for the client."""
    ca = [f"-keyout={files}/ca-key.pem", f"-out={files}/ca.pem"]
    runner.run([*AUTHORITY, *_split(["-subj=/CN=authority", *ca])])
    (files / "names").write_text(
        "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n"
    )
    for cert, key in (("server", "server-key"), ("cert", "key")):
        made = [f"-keyout={files}/{key}.pem", f"-out={files}/{cert}.csr", f"-subj=/CN={cert}"]
        runner.run([*REQUEST, *_split(made)])
        signed = [f"-in={files}/{cert}.csr", f"-CA={files}/ca.pem", f"-CAkey={files}/ca-key.pem"]
        more = [f"-extfile={files}/names", f"-out={files}/{cert}.pem", "-days=2"]
        runner.run(["openssl", "x509", "-req", "-CAcreateserial", *_split([*signed, *more])])


def _split(words: list[str]) -> list[str]:
    """Return options with their values as words of their own, as openssl wants them."""
    return [part for word in words for part in word.split("=", 1)]


def _log(runner: Running, name: str) -> str:
    found = runner.run(["docker", "logs", "--tail=20", name], check=False)
    return f"{found.stdout}{found.stderr}"
