"""A product and an environment of our own, for the tests of deployment.

Run as a program it deploys one release and kills itself at one entry of the journal.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from towpath.config import Config, Environment, parse
from towpath.config.workspace import Workspace
from towpath.core.runner import Runner
from towpath.core.terminal import Terminal
from towpath.deployment import deploy
from towpath.engine.discover import find
from towpath.environments.environment import Site
from towpath.environments.state.volume import JOURNAL, State
from towpath.evidence.journal import Journal

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "tests" / "fixtures" / "deploy"
REPOSITORY = "towpath/test-deploy"
ENVIRONMENT = "trial"
# What the real Compose files were rendered from: the test product runs with them.
_SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towpath"]
PRODUCT_TABLES = {key: _SETTINGS[key] for key in ("processes", "services", "env", "proxy")}
# Not the page `/`, so that one release is found out by the errors of its users only.
PAGES = {"health": "/health/live", "smoke": [{"path": "/health/ready", "status": 200}]}


@dataclass(frozen=True)
class Trial:
    """An environment below a directory of its own, named after it, with a port of its own."""

    root: Path
    port: int
    settings: Mapping[str, int | str]

    @property
    def config(self) -> Config:
        """The settings of a project that has this one environment."""
        env = {**os.environ, **dict(find(os.environ).environment), "TOWPATH_STATE": str(self.root)}
        table = {
            "name": f"towpath-trial-{self.port}",
            "repository": REPOSITORY,
            "compose": "compose",
            **PRODUCT_TABLES,
            "environments": {ENVIRONMENT: {"port": self.port, **PAGES, **self.settings}},
        }
        return parse(table, self.root, env)

    @property
    def environment(self) -> Environment:
        """The environment."""
        return self.config.environment(ENVIRONMENT)

    @property
    def workspace(self) -> Workspace:
        """Tools as the tasks have them."""
        config = self.config
        terminal = Terminal(config.env)
        return Workspace(config, Runner(terminal, env=config.env, cwd=self.root), terminal)

    @property
    def site(self) -> Site:
        """The environment with the doors to it."""
        return Site.open(self.workspace, self.environment)

    def get(self, path: str = "/") -> tuple[int, dict[str, Any]]:
        """Ask through the proxy; a status of 0 means that there was no answer."""
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            asked.request("GET", path)
            answer = asked.getresponse()
            status, text = answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            asked.close()
        return status, json.loads(text) if text.startswith(b"{") else {}


def make(root: Path, **settings: int) -> Trial:
    """Lay out a project with the real Compose files and an overlay for the trial."""
    (root / "compose").mkdir(parents=True)
    for name in ("base.yaml", "haproxy.cfg"):
        shutil.copy(ROOT / "compose" / name, root / "compose")
    shutil.copy(PRODUCT / "trial.yaml", root / "compose")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Trial(root, free.getsockname()[1], settings)


def build(workspace: Workspace, directory: Path, version: str, mode: str, migrations: str) -> str:
    """Build and push one release of the test product; return its digest."""
    metadata = directory / f"{version}.json"
    arguments = {"RELEASE_VERSION": version, "MODE": mode, "MIGRATIONS": migrations}
    workspace.runner.run(
        [
            *("docker", "buildx", "build", "--push", "--provenance=false"),
            f"--tag={workspace.config.images.tagged(version)}",
            f"--metadata-file={metadata}",
            *(f"--build-arg={name}={value}" for name, value in arguments.items()),
            str(directory),
        ]
    )
    digest: str = json.loads(metadata.read_text())["containerimage.digest"]
    return digest


def lay_out(workspace: Workspace, directory: Path) -> None:
    """Put the test product's program and its libraries where it is built."""
    app = directory / "app"
    shutil.copytree(PRODUCT, app, ignore=shutil.ignore_patterns("Dockerfile", "*.yaml"))
    shutil.copytree(ROOT / "app" / "health", app / "health")
    shutil.copy(PRODUCT / "Dockerfile", directory)
    platform = {"x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}[os.uname().machine]
    workspace.runner.run(
        [
            *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode"),
            *("--target", str(directory / "lib"), "--python-version", "3.13"),
            *("--python-platform", f"{platform}-unknown-linux-gnu", "--only-binary", ":all:"),
            *("--constraints", str(ROOT / "requirements" / "production.txt")),
            *("django", "psycopg[binary]"),
        ]
    )


@dataclass
class Load:
    """What a load of requests met: answers by status (0 for none) and by release."""

    statuses: Counter[int] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def failed(self) -> dict[int, int]:
        """Everything but a good answer, by status."""
        return {status: count for status, count in self.statuses.items() if status != 200}

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.statuses.total() / self.seconds


@contextmanager
def load(trial: Trial, quick: int = 6, slow: int = 3) -> Iterator[Load]:
    """Ask without pause from several threads for as long as the block runs.

    The slow ones ask for an answer that takes a second, so that some request is always open.
    """
    found, stop = Load(), threading.Event()

    def ask(path: str, pause: float) -> None:
        while not stop.is_set():
            status, body = trial.get(path)
            found.statuses[status] += 1
            found.versions[str(body.get("version", ""))] += 1
            time.sleep(pause)

    threads = [threading.Thread(target=ask, args=("/", 0.015)) for _ in range(quick)]
    threads += [threading.Thread(target=ask, args=("/slow", 0.0)) for _ in range(slow)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        found.seconds = time.monotonic() - started


@dataclass(frozen=True)
class Deadly(Site):
    """A site whose journal kills the process: right after a step's beginning was written, or
    right before its end is."""

    step: str = ""
    phase: str = ""

    @property
    def journal(self) -> Journal:
        """The journal that kills."""
        return DeadlyJournal(self.state, JOURNAL, self.step, self.phase)


class DeadlyJournal(Journal):
    """Kills the process at one entry."""

    def __init__(self, state: State, name: str, step: str, phase: str) -> None:
        super().__init__(state, name)
        self._fatal = (step, phase)

    def add(self, step: str, phase: str, **facts: Any) -> None:
        """Write the entry, unless this is the end."""
        if (step, phase) == self._fatal and phase == "done":
            os.kill(os.getpid(), signal.SIGKILL)
        super().add(step, phase, **facts)
        if (step, phase) == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def main(argv: list[str]) -> None:
    """Deploy one release and die at the entry that is named; with none, just deploy."""
    # Ctrl-C has to arrive, also where the tests were started with it switched off.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    root, port, settings, digest, version, step, phase = argv
    trial = Trial(Path(root), int(port), json.loads(settings))
    site = trial.site
    deadly = Deadly(
        site.workspace, site.environment, site.engine, site.state, site.clock, step, phase
    )
    deploy.carry_out(deadly, "deploy", digest, version)


if __name__ == "__main__":
    main(sys.argv[1:])
