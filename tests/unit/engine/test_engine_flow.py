"""Up, down and status decide before they act."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.unit.engine.starter import TableStarter
from towpath.core import private
from towpath.core.errors import EngineAbsentError
from towpath.engine import assembly, daemon
from towpath.engine import layout as layouts
from towpath.engine import lifecycle as flow
from towpath.engine import machine
from towpath.engine.discover import DEFAULT
from towpath.engine.processes import SystemProcess

ROOTLESS = machine.Machine("linux", frozenset({"debian"}), 1000, "x86_64")


@pytest.fixture
def short() -> Iterator[Path]:
    """Return a directory whose path is short enough for the name of a socket."""
    with tempfile.TemporaryDirectory(prefix="towpath-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def long_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket is made here, so the test's directory may have any length."""
    monkeypatch.setattr(layouts, "LONGEST", 4096)


def starter(tmp_path: Path, **env: str) -> TableStarter:
    """Return a runner whose environment keeps the engine inside the test's directory."""
    return TableStarter(env={"HOME": str(tmp_path), "TOWPATH_ENGINE_DIR": "/srv/none"} | env)


def test_the_hosts_engine_is_used_and_never_touched(tmp_path: Path) -> None:
    """When an engine answers nothing runs and nothing has to be set."""
    runner = starter(tmp_path)

    assert flow.up(runner, QuietTerminal(), {DEFAULT}.__contains__) == {}
    assert (runner.lines, runner.started) == ([], [])


def test_an_engine_named_and_silent_is_not_replaced(tmp_path: Path) -> None:
    """Who names an engine wants that one: the error says that it does not answer."""
    runner = starter(tmp_path, DOCKER_HOST="unix:///srv/silent.sock")

    with pytest.raises(EngineAbsentError, match="silent.sock") as caught:
        flow.up(runner, QuietTerminal(), set[str]().__contains__)

    assert "DOCKER_HOST" in caught.value.next_step


def test_without_root_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal comes before any command and any file."""
    monkeypatch.setattr(machine, "look", lambda: ROOTLESS)
    runner = starter(tmp_path)

    with pytest.raises(EngineAbsentError, match="only be started as root"):
        flow.up(runner, QuietTerminal(), set[str]().__contains__)

    assert (runner.lines, runner.started) == ([], [])


class Acts:
    """Stands for the acts of daemon and assembly: remembers their order, keeps a small state."""

    def __init__(self, *, running: bool, ready: bool, whole: bool) -> None:
        self.done: list[str] = []
        self.is_running, self.is_ready, self.is_whole = running, ready, whole

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of the acts."""
        process = SystemProcess(1, 1, "S", 1)
        made = assembly.Recipe("amd64", "arm64", (), "aaaa", "bbbb")
        monkeypatch.setattr(machine, "look", lambda: replace(ROOTLESS, user=0))
        monkeypatch.setattr(machine, "install_tools", lambda _runner: self.done.append("tools"))
        monkeypatch.setattr(assembly, "recipe", lambda _machine: made)
        monkeypatch.setattr(assembly, "unpack", lambda *_: self.done.append("unpack"))
        monkeypatch.setattr(assembly, "build", lambda *_: self.done.append("build"))
        monkeypatch.setattr(assembly, "images_complete", lambda _own: self.is_whole)
        monkeypatch.setattr(assembly, "images_current", lambda *_: self.is_whole)
        monkeypatch.setattr(daemon, "running", lambda _own: process if self.is_running else None)
        monkeypatch.setattr(daemon, "ready", lambda _own: self.is_ready)
        monkeypatch.setattr(daemon, "start", lambda *_: self.done.append("start"))
        monkeypatch.setattr(daemon, "stop", self.stop)

    def stop(self, _own: object) -> bool:
        """Stop."""
        self.done.append("stop")
        self.is_running = False
        return True


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        (Acts(running=False, ready=False, whole=False), ["tools", "unpack", "start", "build"]),
        (Acts(running=False, ready=False, whole=True), ["tools", "unpack", "start"]),
        (Acts(running=True, ready=True, whole=False), ["tools", "unpack", "build"]),
        (Acts(running=True, ready=True, whole=True), []),
        (Acts(running=True, ready=False, whole=True), ["stop", "tools", "unpack", "start"]),
    ],
    ids=["nothing", "after down", "killed while assembling", "up meanwhile", "hangs"],
)
def test_up_does_what_is_missing_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, acts: Acts, expected: list[str]
) -> None:
    """From whatever an earlier `up` left behind the engine gets whole."""
    acts.install(monkeypatch)
    runner = starter(tmp_path, TOWPATH_ENGINE_DIR=str(tmp_path / "e"))

    environment = flow.up(runner, QuietTerminal(), set[str]().__contains__)

    assert acts.done == expected
    assert environment["DOCKER_HOST"] == f"unix://{tmp_path}/e/run/docker.sock"


@pytest.mark.parametrize("current", [True, False])
def test_an_engine_of_an_earlier_version_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, current: bool
) -> None:
    """Its registry asks nobody for a password, and stays so until it is started again."""
    runner = starter(tmp_path, TOWPATH_ENGINE_DIR=str(tmp_path / "e"))
    own = layouts.layout(runner.env)
    private.sole_directory(own.client_config)
    (tmp_path / "user").mkdir()
    if current:
        private.write_private(own.password, "word")
    else:
        (own.client_config / "config.json").symlink_to(tmp_path / "user/config.json")
    monkeypatch.setattr(flow, "_usable", lambda *_: True)
    terminal = QuietTerminal()

    flow.up(runner, terminal, {own.host}.__contains__)

    assert ("every user of this machine can push" in terminal.said) is not current
    assert (own.client_config / "config.json").is_file() is current
    assert list((tmp_path / "user").iterdir()) == []


def test_down_where_there_never_was_an_engine(tmp_path: Path) -> None:
    """Nothing to stop is said, and is no error."""
    terminal = QuietTerminal()

    flow.down(starter(tmp_path), terminal)

    assert terminal.said == "There is no embedded engine on this machine.\n"


def test_purge_deletes_what_was_kept(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything below the state directory goes, but for the lock that others may wait for."""
    monkeypatch.setattr(machine, "require", lambda _machine: None)
    state = short / "e/state"
    (state / "docker").mkdir(parents=True)
    (state / "images").touch()
    terminal = QuietTerminal()

    flow.down(starter(short, TOWPATH_ENGINE_DIR=str(short / "e")), terminal, purge=True)

    assert [path.name for path in state.iterdir()] == ["lock"]
    assert "was not running" in terminal.said


@pytest.mark.door
def test_status_tells_what_there_is(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table names the kept root, and says that nothing runs."""
    monkeypatch.setattr(daemon, "registry_answers", lambda _port: False)
    state = short / "e/state"
    (state / "root-aaaa").mkdir(parents=True)
    (state / "root-bbbb.part").mkdir()
    terminal = QuietTerminal()

    flow.status(starter(short, TOWPATH_ENGINE_DIR=str(short / "e")), terminal)

    assert "root-aaaa" in terminal.written
    assert "root-bbbb" not in terminal.written
    assert "not running" in terminal.written
