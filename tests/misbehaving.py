"""A real registry as a process of its own, and a proxy before it that misbehaves as it is told.

The proxy forwards everything as it is, counts what it carries, and does its mischief once for each
entry of `mischief` whose `where` is in the line of a request.
"""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.quiet import QuietThreadingServer
from towpath.config.workspace import Workspace
from towpath.engine.layout import layout

PIECE = 65536
HOP = {"connection", "transfer-encoding", "keep-alive", "host", "content-length"}


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def embedded_program(env: Mapping[str, str]) -> Path | None:
    """Return the registry's program of the embedded engine, where that was made."""
    found = sorted(layout(env).state.glob("root-*/usr/bin/docker-registry"))
    return found[-1] if found else None


def registry_program(workspace: Workspace, folder: Path) -> Path:
    """Return the registry's program: the embedded engine's, else the official image's."""
    if found := embedded_program(workspace.config.env) or shutil.which("docker-registry"):
        return Path(found)
    goal = folder / "registry"
    made = workspace.runner.run(["docker", "create", "registry:2"]).stdout.strip()
    workspace.runner.run(["docker", "cp", f"{made}:/bin/registry", str(goal)])
    workspace.runner.run(["docker", "rm", made])
    return goal


class RealRegistry:
    """Debian's docker-registry, with storage of its own; it can be stopped and started again.

    With `htpasswd`, the lines of such a file, it wants a login.
    """

    def __init__(self, program: Path, folder: Path, htpasswd: str = "") -> None:
        self.program = program
        self.port = free_port()
        self.storage = folder / "storage"
        self.storage.mkdir(parents=True, exist_ok=True)
        self._config = folder / "registry.json"
        self._log = folder / "registry.log"
        settings: dict[str, Any] = {
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(self.storage)},
                "delete": {"enabled": True},
            },
            # Without one of its own a registry forgets every upload when it is restarted.
            "http": {"addr": f"127.0.0.1:{self.port}", "secret": "of this test"},
        }
        if htpasswd:
            (folder / "htpasswd").write_text(htpasswd)
            own = {"realm": "loopback", "path": str(folder / "htpasswd")}
            settings["auth"] = {"htpasswd": own}
        self._config.write_text(json.dumps(settings))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and return when it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.program), "serve", str(self._config)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, self._log.read_text()[-2000:]
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it as a crash would, and wait for its end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
        self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False


@dataclass
class Mischief:
    """What is done to one request whose line contains `where`, once.

    `answer` is given instead of the registry's. `cut_request` and `cut_answer` end the connection
    after so many bytes of a body. `change` is made to the body of an answer. `first` is called
    before anything else.
    """

    where: str
    answer: tuple[int, dict[str, str], bytes] | None = None
    cut_request: int | None = None
    cut_answer: int | None = None
    change: Callable[[bytes], bytes] | None = None
    first: Callable[[], None] | None = None


@dataclass
class Proxy:
    """Where it listens, what it will do, and what it carried.

    `uploaded` are bytes of blobs that arrived at the registry whole, request by request. With
    `token_lasts` a token is wanted, and each is good for so many requests.
    """

    registry: RealRegistry
    port: int = 0
    mischief: list[Mischief] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    uploaded: int = 0
    token_lasts: int = 0
    tokens: int = 0
    _left: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def take(self, line: str) -> Mischief | None:
        """Note a request, and return what is to be done to it."""
        with self.lock:
            self.lines.append(line)
            for entry in self.mischief:
                if entry.where in line:
                    self.mischief.remove(entry)
                    return entry
        return None

    def token(self) -> bytes:
        """Give a new token."""
        with self.lock:
            self.tokens += 1
            self._left = self.token_lasts
            return json.dumps({"token": f"t{self.tokens}"}).encode()

    def lets_in(self, header: str | None) -> bool:
        """Tell whether a request has the last token, and uses it up a little."""
        with self.lock:
            if not self.token_lasts:
                return True
            good = header == f"Bearer t{self.tokens}" and self._left > 0
            self._left -= good
            return good


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    proxy: Proxy

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, BrokenPipeError):
            self.close_connection = True

    def do_GET(self) -> None:
        if self.path.startswith("/token"):
            return self._reply(200, {}, self.proxy.token())
        entry = self.proxy.take(f"{self.command} {self.path}") or Mischief("")
        if entry.first:
            entry.first()
        if entry.answer or not self.proxy.lets_in(self.headers["Authorization"]):
            self.rfile.read(self._length())
            where = f'Bearer realm="http://{self.proxy.host}/token",service="s"'
            return self._reply(*(entry.answer or (401, {"WWW-Authenticate": where}, b"")))
        self._forward(entry)

    do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_GET

    def _length(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def _forward(self, entry: Mischief) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self.proxy.registry.port, timeout=60)
        try:
            self._send(upstream, entry)
            answer = upstream.getresponse()
            body = answer.read() if entry.change or entry.cut_answer is not None else None
            if entry.change and body is not None:
                body = entry.change(body)
            if "/blobs/uploads/" in self.path and answer.status < 300:
                with self.proxy.lock:
                    self.proxy.uploaded += self._length()
            self._pass_on(answer, body, entry.cut_answer)
        except (OSError, http.client.HTTPException):
            self.close_connection = True
        finally:
            upstream.close()

    def _send(self, upstream: http.client.HTTPConnection, entry: Mischief) -> None:
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP - {"host", "content-length"}:
                upstream.putheader(name, value)
        upstream.endheaders()
        cut = entry.cut_request
        left = self._length() if cut is None else min(cut, self._length())
        while left:
            piece = self.rfile.read(min(PIECE, left))
            if not piece:
                raise ConnectionError("the client is gone")
            upstream.send(piece)
            left -= len(piece)
        if cut is not None:
            # Both sides lose the line in the middle of the body.
            raise ConnectionError("cut")

    def _pass_on(
        self, answer: http.client.HTTPResponse, body: bytes | None, cut: int | None
    ) -> None:
        self.send_response(answer.status, answer.reason)
        length = answer.getheader("Content-Length")
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        if body is not None and cut is None:
            length = str(len(body))
        if length is not None:
            self.send_header("Content-Length", length)
        elif answer.status != 204:
            body = answer.read() if body is None else body
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body is not None:
            self.wfile.write(body[:cut] if self.command != "HEAD" else b"")
            if cut is not None:
                raise ConnectionError("cut")
            return
        while piece := answer.read(PIECE):
            self.wfile.write(piece)

    def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def proxied(registry: RealRegistry) -> Iterator[Proxy]:
    """Put a proxy before a registry while the block runs."""
    proxy = Proxy(registry)
    handler = type("ProxyHandler", (_Handler,), {"proxy": proxy})
    server = QuietThreadingServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    proxy.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
