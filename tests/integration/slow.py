"""The product behind its proxy as it is deployed: gunicorn here, HAProxy in a container."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from towpath.config.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
TOKEN = "a-token-of-the-tests-with-32-characters-or-more"


@dataclass(frozen=True)
class Behind:
    """The product, by the ports of its proxy and of its own."""

    proxy: int
    web: int
    process: subprocess.Popen[bytes]

    def get(self, path: str, timeout: float = 20) -> tuple[int, bytes]:
        """Ask through the proxy; raises OSError where there is no answer in time."""
        asked = http.client.HTTPConnection("127.0.0.1", self.proxy, timeout=timeout)
        try:
            asked.request("GET", path, headers={"Host": "localhost"})
            answer = asked.getresponse()
            return answer.status, answer.read()
        finally:
            asked.close()

    def say(self, words: bytes, timeout: float = 20) -> bytes:
        """Send bytes to the proxy, and return the first line of what it says."""
        with socket.create_connection(("127.0.0.1", self.proxy), timeout) as connection:
            try:
                connection.sendall(words)
            except OSError:
                pass  # It may answer before all is said.
            return connection.recv(4096).partition(b"\r\n")[0]


@contextmanager
def product(workspace: Workspace, root: Path, env: dict[str, str]) -> Iterator[Behind]:
    """Run the product and its proxy with the configuration of the deployment, on free ports."""
    web, proxy, alive, control, metrics = (free_port() for _ in range(5))
    folder = root / "proxy"
    folder.mkdir(parents=True)
    text = (ROOT / "compose" / "haproxy.cfg").read_text(encoding="utf-8")
    for old, new in (
        ("bind :8080", f"bind 127.0.0.1:{proxy}"),
        ("127.0.0.1:8081", f"127.0.0.1:{alive}"),
        ("127.0.0.1:9999", f"127.0.0.1:{control}"),
        ("bind :8404", f"bind 127.0.0.1:{metrics}"),
        # The slots are filled by the deployer: here the one server is known.
        (
            "server-template web 1-8 localhost:${WEB_PORT} check disabled",
            f"server web1 127.0.0.1:{web} check",
        ),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "haproxy.cfg").write_text(text, encoding="utf-8")
    name = f"towpath-slow-{uuid4().hex[:8]}"
    process = serve(root, web, env)
    try:
        workspace.runner.run(
            [
                *("docker", "run", "--detach", "--rm", f"--name={name}", "--network=host"),
                *("--read-only", "--cap-drop=ALL", "--tmpfs=/var/lib/towpath", "--env=SCHEME=http"),
                *("--env=HEALTH_HOST=localhost", "--env=HEALTH_PATH=/health/live"),
                "--env=HEALTH_STATUS=^200$",
                f"--volume={folder}:/usr/local/etc/haproxy:ro",
                "haproxy:3.0",
            ]
        )
        found = Behind(proxy, web, process)
        _wait(found)
        yield found
    finally:
        workspace.runner.run(["docker", "rm", "--force", name], check=False)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)


def serve(root: Path, port: int, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start gunicorn as the image does."""
    app = root / "app"
    shutil.copytree(ROOT / "app", app, ignore=shutil.ignore_patterns("var", "__pycache__"))
    environment = {
        **os.environ,
        **env,
        "ENVIRONMENT": "testing",
        "SECRET_KEY": "k" * 60,
        "ALLOWED_HOSTS": "localhost",
        "INGEST_TOKEN": TOKEN,
        "WEB_BIND": f"127.0.0.1:{port}",
        "PYTHONPATH": str(app),
        "TMPDIR": str(root),
    }
    with (root / "gunicorn.log").open("wb") as out:
        argv = [sys.executable, "-m", "gunicorn", "config.wsgi:application"]
        return subprocess.Popen(argv, cwd=app, env=environment, stdout=out, stderr=out)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait(found: Behind) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if found.get("/health/live", 2)[0] == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        assert time.monotonic() < deadline, "the product does not answer behind its proxy"
        time.sleep(0.2)
