"""A project whose one dependency has no wheel, and buildx as it makes them, in memory."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.fakes import Answer, QuietTerminal, TableRunner, outcome
from tests.layers import AMD64, ARM64, program, wheel
from tests.registry_server import Store
from tests.releases import workspace_at
from towpath.config.model import ImageSettings
from towpath.config.workspace import Workspace
from towpath.core.runner import Outcome, command_failed
from towpath.images.bake import Order
from towpath.images.buildx import BuildFailedError
from towpath.images.wheels import provide as wheels

SHA256 = "a" * 64
PINS = f"Thing==1.0 \\\n    --hash=sha256:{SHA256}\n"
DOCKERFILE = """ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS toolchain
RUN tools
FROM toolchain AS making
RUN make
FROM python:${PYTHON}-slim AS production
"""
LOCK = f"""[[packages]]
name = "thing"
version = "1.0"
sdist = {{ url = "https://e/thing-1.0.tar.gz", hashes = {{ sha256 = "{SHA256}" }} }}
"""
INFO = json.dumps(
    {
        "Architecture": "x86_64",
        "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    }
)
BOTH = ("linux/amd64", "linux/arm64")
ORDER = Order(("production",), BOTH, {}, {})


@dataclass
class Machine:
    """A project, and buildx as it makes wheels: pure ones, or one for each platform.

    `fails` are the ways in which a wheel cannot be made, `strange` those in which it comes out for
    the machine that makes it; `base` is the digest of the base. The registry wants a token; whoever
    is not logged in gets one too, as on a registry that anybody may use. `lock` is what the index
    has of the pins.
    """

    root: Path
    store: Store
    pure: bool = False
    fails: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    base: str = "sha256:" + "b" * 64
    made: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    logged_in: bool = True
    registry_wheels: str = "authenticated"
    lock: str = LOCK

    def workspace(self, name: str = "here") -> Workspace:
        """Return a session of a machine of its own: it shares the registry alone."""
        root = self.root / name
        (root / "requirements").mkdir(parents=True, exist_ok=True)
        (root / "requirements/production.txt").write_text(PINS)
        (root / "requirements/test.txt").write_text(PINS)
        (root / "Dockerfile").write_text(DOCKERFILE)
        table: dict[str, Answer] = {
            "docker info": INFO,
            "uv pip compile": self._lock,
            "buildx bake": self._bake,
            "buildx build": self._make,
        }
        self.store.token = "t"
        docker = root / "docker"
        docker.mkdir(exist_ok=True)
        auths = {self.store.host: {"auth": "dTpw"}} if self.logged_in else {}
        (docker / "config.json").write_text(json.dumps({"auths": auths}))
        workspace = workspace_at(root, self.store, TableRunner(table), DOCKER_CONFIG=str(docker))
        image = ImageSettings(dockerfile="Dockerfile", registry_wheels=self.registry_wheels)
        return replace(workspace, config=replace(workspace.config, image=image))

    def build(self, workspace: Workspace, order: Order = ORDER) -> wheels.ProvidedWheels:
        """Build what wants a wheel of the dependency for each platform."""
        return wheels.provided(workspace, order, lambda row: self._solve(workspace, row), str)[1]

    def _solve(self, workspace: Workspace, order: Order) -> str:
        self.given.append(order.wheels)
        for platform in order.platforms:
            place = Path(order.wheels or "nowhere", platform.partition("/")[2])
            pins = place / "production.txt"
            found = {hashlib.sha256(row.read_bytes()).hexdigest() for row in place.glob("*.whl")}
            if not found or not all(name in pins.read_text() for name in found):
                raise BuildFailedError("docker failed", exit_codes=frozenset({wheels.NO_WHEEL}))
        return self.base

    def _lock(self, argv: tuple[str, ...]) -> Outcome:
        into = next(word for word in argv if word.startswith("--output-file="))
        Path(into.partition("=")[2]).write_text(self.lock)
        return outcome()

    def _bake(self, argv: tuple[str, ...]) -> Outcome:
        given = dict(word.split("=", 1) for word in argv if "=" in word)
        text = json.dumps({"base-0": {"containerimage.digest": self.base}})
        Path(given["--metadata-file"]).write_text(text)
        return outcome()

    def _make(self, argv: tuple[str, ...]) -> Outcome:
        words = " ".join(argv)
        into = Path(words.rpartition("dest=")[2].partition(" ")[0])
        how = into.name.rpartition("-")[2]
        if how in self.fails or (how == "pure" and not self.pure):
            raise command_failed(outcome(code=1, stderr="no compiler"), words)
        platform = next(word for word in argv if word.startswith("--platform=")).rpartition("/")[2]
        machine = {"amd64": "x86_64", "arm64": "aarch64"}[platform]
        tags = "py3-none-any" if how == "pure" else f"cp313-cp313-linux_{machine}"
        into.mkdir(parents=True, exist_ok=True)
        files = {"thing/how": f"{words} {len(self.made)}".encode()}
        if how != "pure" or how in self.strange:
            elf = AMD64 if how in self.strange else {"amd64": AMD64, "arm64": ARM64}[platform]
            files["thing/part.so"] = program(elf)
        name = f"thing-1.0-{tags}.whl"
        (into / name).write_bytes(wheel(files, name))
        self.made.append(f"{platform} {how}")
        return outcome()


@pytest.fixture
def machine(tmp_path: Path, store: Store) -> Machine:
    """Return a project whose one dependency has no wheel, and C code."""
    return Machine(tmp_path, store)


def ways(given: wheels.ProvidedWheels) -> dict[str, str]:
    """Return how the wheel for each platform came to be."""
    return {row.platform: row.how for row in given.wheels}


def lines(workspace: Workspace) -> list[str]:
    """Return every command that was run."""
    assert isinstance(workspace.runner, TableRunner)
    return workspace.runner.lines


def said(workspace: Workspace) -> str:
    """Return everything told on standard error."""
    assert isinstance(workspace.terminal, QuietTerminal)
    return workspace.terminal.said
