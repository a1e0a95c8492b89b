"""A build cache that is damaged on the disk: what `invoke health` says, and that it mends it.

The engine is one of this test's own, from the Debian of the one in use, on a network of its own.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal
from tests.misbehaving import embedded_program, free_port
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Outcome, Runner
from towpath.engine import build_cache, daemon, recipes
from towpath.engine.discover import DiscoveredEngine
from towpath.engine.layout import Layout
from towpath.engine.lifecycle import alone
from towpath.images import buildx
from towpath.operations import engine_probes
from towpath.operations.health_rules import HealthCheck, Level
from towpath.operations.probes import run_probes
from towpath.tasks.context import workspace as new_workspace

pytestmark = [
    pytest.mark.engine,
    pytest.mark.machine,
    # The engine is meant to outlive the command that starts it.
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

# Two steps, of which the second is built on the snapshot of the first.
DOCKERFILE = "FROM scratch\nCOPY one /one\nCOPY two /two\n"
SNAPSHOTS = "docker/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots"


@dataclass(frozen=True)
class Engine:
    """An engine, and a project that is built on it."""

    own: Layout
    root: Path
    workspace: Workspace

    def start(self) -> str:
        """Start it as `engine.up` does, and return what was said."""
        terminal, runner = QuietTerminal(), self.workspace.runner
        assert isinstance(runner, Runner)
        with alone(self.own, terminal):
            act = partial(daemon.start, self.own, self.root, "arm64", runner)
            build_cache.start(self.own, self.root, act, runner, terminal)
        return terminal.said

    def build(self, content: str) -> Outcome:
        """Build the project with this as its second file, as every build of ours is run."""
        root = self.workspace.config.root
        (root / "two").write_text(content)
        argv = ["docker", "buildx", "build", "--progress=plain", "--output=type=cacheonly", "."]
        return buildx.solve(self.workspace, argv, log=self.workspace.config.log("build"))

    def health(self) -> HealthCheck:
        """Return the line of the cache."""
        found = DiscoveredEngine("embedded", self.own.host, self.own.environment({}))
        engine = engine_probes.access(self.workspace, lambda _env: found)
        probes = engine_probes.probes(self.workspace, engine)
        (row,) = run_probes([row for row in probes if row.subject == "build cache"])
        return row

    def mend(self, command: str) -> None:
        """Type the command of a line; `invoke engine.up` would only name this engine."""
        brings, _, mends = command.partition(" && ")
        assert brings == 'eval "$(invoke engine.up)"'
        self.workspace.runner.run(shlex.split(mends))


def apart(daemon_config: Any, bridge: str) -> Any:
    """Return settings of dockerd with a bridge of its own and no rules.

    Not "none": with that it deletes docker0, which is every engine's of this machine.
    """

    def config_of(*given: Any) -> str:
        own = {"bridge": bridge, "iptables": False, "ip6tables": False}
        return json.dumps({**json.loads(daemon_config(*given)), **own})

    return config_of


@contextmanager
def bridged() -> Iterator[str]:
    """Make a bridge that nobody else has, in the range for measurements (RFC 2544)."""
    name = f"tp{free_port()}"
    ip = ("ip", "link")
    subprocess.run([*ip, "add", name, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "address", "add", "198.18.77.1/24", "dev", name], check=True)
        yield name
    finally:
        subprocess.run([*ip, "delete", name], check=True)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine that has built the project once."""
    tools = new_workspace(engine=True)
    program = embedded_program(tools.config.env)
    if program is None:
        pytest.fail("The programs of the embedded engine are needed: invoke engine.up")
    with bridged() as bridge, tempfile.TemporaryDirectory(prefix="tp-") as folder:
        monkeypatch.setattr(recipes, "daemon_config", apart(recipes.daemon_config, bridge))
        own = Layout(Path(folder) / "state", Path(folder) / "run", free_port())
        root = Path(folder) / "project"
        root.mkdir()
        (root / "Dockerfile").write_text(DOCKERFILE)
        (root / "one").write_text("one")
        runner = Runner(QuietTerminal(), env=dict(tools.config.env), cwd=root)
        # The directory above keeps what each engine has found of the host's network.
        own.state.mkdir()
        own.root("used").symlink_to(program.parents[2])
        found = Engine(
            own,
            own.root("used"),
            Workspace(config.parse({}, root, runner.env), runner, QuietTerminal()),
        )
        try:
            found.start()
            env = own.environment(runner.env)
            runner.env = env
            settings = replace(found.workspace.config, env=env)
            found = replace(found, workspace=replace(found.workspace, config=settings))
            found.build("first")
            yield found
        finally:
            daemon.stop(own)


def test_a_cache_whose_directories_are_gone(engine: Engine) -> None:
    """Builds fail; health says why, its command mends it, and builds work again."""
    assert engine.health().level == Level.OK
    engine.build("second")
    for place in (engine.own.state / SNAPSHOTS).iterdir():
        subprocess.run(["rm", "-r", str(place)], check=True)

    with pytest.raises(buildx.BuildFailedError) as caught:
        engine.build("third")

    assert "invoke health" in caught.value.next_step
    line = engine.health()
    assert line.level == Level.WARNING
    assert line.message.startswith("the cache cannot be read: ")
    engine.mend(line.next_step)
    assert engine.health().level == Level.OK
    engine.build("third")
    assert engine.health().level == Level.OK


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("containerd-overlayfs/metadata_v2.db", os.urandom),
        ("containerd-overlayfs/metadata_v2.db", bytes),
        ("cache.db", os.urandom),
        ("history.db", bytes),
    ],
)
def test_a_database_that_is_damaged(engine: Engine, name: str, damage: Any) -> None:
    """dockerd does not start with it; `engine.up` starts it without, and says so."""
    daemon.stop(engine.own)
    file = engine.own.build_cache / name
    file.write_bytes(damage(file.stat().st_size))

    said = engine.start()

    assert "build cache is damaged" in said
    engine.build("second")
    assert engine.health().level == Level.OK
    assert not (engine.own.build_cache.parent / "buildkit.damaged").exists()


def test_a_database_that_is_damaged_while_the_engine_runs(engine: Engine) -> None:
    """The next build ends the engine; the next start mends it."""
    file = engine.own.build_cache / "containerd-overlayfs/metadata_v2.db"
    with file.open("r+b") as stream:
        stream.seek(2 * 4096)
        stream.write(os.urandom(file.stat().st_size - 2 * 4096))

    with pytest.raises(CommandFailedError):
        engine.build("second")
    assert "build cache is damaged" in engine.start()
    engine.build("third")
    assert engine.health().level == Level.OK
