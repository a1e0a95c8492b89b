"""The state of an environment: the real program, with a connection as the engine's would be."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from towpath.core.errors import CommandFailedError, ConfigurationError, DeploymentPausedError
from towpath.environments.state import commands
from towpath.environments.state.session import StateSession, StateUnreachableError
from towpath.environments.state.volume import StateFile, VolumeState

pytestmark = pytest.mark.door
ANN = {"user": "ann", "host": "laptop", "pid": 1, "at": "then"}


class Program:
    """The program of the container on a directory of the test; its output comes in frames."""

    def __init__(self, directory: Path, expiry: int = 60, part: int = 1 << 16) -> None:
        self.process = subprocess.Popen(
            commands.program(str(directory), expiry),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._part, self._left = part, b""

    def sendall(self, content: bytes, /) -> None:
        """Give it to the program."""
        assert self.process.stdin
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def recv(self, size: int, /) -> bytes:
        """Return a part of the next frame."""
        if not self._left:
            assert self.process.stdout
            found = self.process.stdout.read1(self._part)
            self._left = b"\x01\0\0\0" + len(found).to_bytes(4, "big") + found if found else b""
        found, self._left = self._left[:size], self._left[size:]
        return found

    def close(self) -> None:
        """End the connection, as an engine does for a caller that is gone."""
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with suppress(BrokenPipeError):
                if stream:
                    stream.close()
        self.process.wait(10)


class Opened:
    """States on one directory, each with a session of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.programs: list[Program] = []

    def state(self, **settings: int) -> VolumeState:
        """Return one more state."""

        def connect(make: bool) -> StateSession | None:
            if not (make or self.directory.is_dir()):
                return None
            self.directory.mkdir(exist_ok=True)
            self.programs.append(Program(self.directory, **settings))
            return StateSession(self.programs[-1])

        return VolumeState(connect)


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Return where states are opened; every program has ended afterwards."""
    # The program keeps what it is given in the container's own /tmp.
    program = commands._PROGRAM.replace("/tmp/payload", f"{tmp_path}/payload")
    monkeypatch.setattr(commands, "_PROGRAM", program)
    found = Opened(tmp_path / "state")
    yield found
    for program_ in found.programs:
        program_.close()


@pytest.mark.parametrize("part", [1, 7, 1 << 16])
def test_a_file_is_what_was_written(opened: Opened, part: int) -> None:
    """Whatever bytes, and however the answer comes in parts."""
    state = opened.state(part=part)
    content = bytes(range(256)) + b"\n\0ok 5\n"
    state.write("secrets/token", content, 0o444)
    state.append("journal.jsonl", b"one\n")
    state.append("journal.jsonl", b"two\n")

    assert state.read("secrets/token") == content
    assert state.read("journal.jsonl") == b"one\ntwo\n"
    assert state.read("nothing") is None
    assert (opened.directory / "secrets/token").stat().st_mode & 0o777 == 0o444
    assert (opened.directory / "secrets").stat().st_mode & 0o777 == 0o700


def test_a_file_is_replaced_complete(opened: Opened) -> None:
    """An empty one too, and nothing else is left."""
    state = opened.state()
    state.write("a", b"long enough")
    state.write("a", b"")

    assert state.read("a") == b""
    assert state.files("secrets") == []
    assert sorted(row.name for row in opened.directory.iterdir()) == [".lock", "a"]


def test_files_are_listed_moved_and_removed(opened: Opened) -> None:
    """As backups are."""
    state = opened.state()
    state.make_directory("backups", 0o755)
    state.write("backups/b.part", b"12")
    state.write("backups/a", b"1")
    state.move("backups/b.part", "backups/b")

    assert state.files("backups") == [StateFile("a", 1), StateFile("b", 2)]
    assert (opened.directory / "backups").stat().st_mode & 0o777 == 0o755
    state.remove("backups/a")
    state.remove("backups/a")
    assert state.files("backups") == [StateFile("b", 2)]
    assert state.free() > 0


def test_what_cannot_be_done_is_said_and_harms_nothing(opened: Opened) -> None:
    """The session goes on."""
    state = opened.state()
    with pytest.raises(CommandFailedError, match="Cannot move a in the state") as caught:
        state.move("a", "b")

    assert "No such file" in caught.value.why
    (opened.directory / "folder").mkdir()
    with pytest.raises(CommandFailedError, match="Cannot write folder"):
        state.write("folder", b"")
    assert state.read("a") is None


@pytest.mark.parametrize(
    "name", ["", "../a", "/etc/passwd", ".lock", "a b", "a\nb", "a/../b", "-x/"]
)
def test_a_name_that_leads_elsewhere_is_refused(opened: Opened, name: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ConfigurationError, match="is not the name of a file"):
        opened.state().write(name, b"")

    assert not opened.directory.exists() or not list(opened.directory.glob("[!.]*"))


def test_one_has_the_lock_and_the_other_hears_who(opened: Opened) -> None:
    """Released, it is the next one's, and nobody is named any more."""
    first, second = opened.state(), opened.state()

    assert first.try_lock(ANN) == (True, None)
    assert second.try_lock({"user": "bob"}) == (False, ANN)
    first.require_lock()
    first.unlock()
    assert second.try_lock({"user": "bob"}) == (True, None)


def test_who_dies_loses_the_lock_at_once_and_is_named(opened: Opened) -> None:
    """The engine closes the program's input; so does sshd when ssh is gone."""
    first, second = opened.state(), opened.state()
    assert first.try_lock(ANN).taken
    opened.programs[0].close()

    assert second.try_lock({"user": "bob"}) == (True, ANN)


def test_a_lock_that_nobody_took_meanwhile_is_taken_again(opened: Opened) -> None:
    """After an engine that started again, or a connection that was cut, the work goes on."""
    state = opened.state()
    state.try_lock(ANN)
    opened.programs[0].process.kill()
    with pytest.raises(StateUnreachableError, match="connection to the environment's state"):
        state.require_lock()

    state.write("a", b"")
    assert opened.state().try_lock({"user": "bob"}) == (False, ANN)


@pytest.mark.parametrize("releases", [True, False])
def test_who_lost_the_lock_to_another_goes_no_further(opened: Opened, releases: bool) -> None:
    """Whether the other one is still at work, or is done."""
    state, other = opened.state(), opened.state()
    state.try_lock(ANN)
    opened.programs[0].process.kill()
    opened.programs[0].process.wait(10)
    assert other.try_lock({"user": "bob"}).taken
    if releases:
        other.unlock()
    with pytest.raises(StateUnreachableError):
        state.require_lock()

    for act in (state.require_lock, lambda: state.write("a", b""), lambda: state.read("a")):
        with pytest.raises(DeploymentPausedError, match="another caller has had its lock"):
            act()
    state.unlock()
    assert state.read("a") is None


def test_a_session_without_a_lock_is_opened_again(opened: Opened) -> None:
    """After one error, which says that the connection was lost."""
    state = opened.state()
    state.write("a", b"1")
    opened.programs[0].process.kill()
    with pytest.raises(StateUnreachableError):
        state.read("a")

    assert state.read("a") == b"1"


def test_a_silent_owner_loses_the_lock(opened: Opened) -> None:
    """The program ends when nothing comes; a heartbeat is what comes."""
    opened.directory.mkdir()
    silent = StateSession(Program(opened.directory, expiry=1))
    assert silent.ask("lock", payload=b"{}").word == "ok"
    alive = StateSession(Program(opened.directory, expiry=1))
    alive.beat(0.2)
    assert alive.ask("lock", payload=b"{}").word == "busy"
    program = silent._connection
    assert isinstance(program, Program)
    program.process.wait(10)

    assert alive.ask("lock", payload=b"{}").word == "ok"
    silent.close()
    alive.close()


def test_nothing_is_made_to_read_nothing(opened: Opened) -> None:
    """A status of an environment that never was leaves no volume."""
    state = opened.state()

    assert (state.read("a"), state.files("secrets")) == (None, [])
    assert not opened.directory.exists()


class Said:
    """A connection that says what the test wants."""

    def __init__(self, said: bytes) -> None:
        self._said = said

    def sendall(self, content: bytes, /) -> None:
        """Hear nothing."""

    def recv(self, size: int, /) -> bytes:
        """Say the next bytes."""
        found, self._said = self._said[:size], self._said[size:]
        return found

    def close(self) -> None:
        """End."""


def frame(content: bytes, stream: int = 1) -> bytes:
    """Return a frame of the engine."""
    return bytes([stream, 0, 0, 0]) + len(content).to_bytes(4, "big") + content


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x01\0\0",
        frame(b"ok 5\nabc"),
        frame(b"ok -5\nabc"),
        frame(b"ok 99999999999\n"),
        frame(b"ok\n"),
        frame(b"x" * 4000 + b"\n"),
        frame(b"bash: not found", 2),
    ],
)
def test_an_answer_that_is_none_ends_the_session(said: bytes) -> None:
    """Nothing that is cut off counts, and it is not asked again."""
    session = StateSession(Said(said))
    with pytest.raises(StateUnreachableError) as caught:
        session.ask("read", "a")

    assert session.is_over
    assert ("not found" in caught.value.why) == (b"not found" in said)


def test_words_of_an_error_are_no_answer() -> None:
    """They come in between, on a stream of their own."""
    session = StateSession(Said(frame(b"warning", 2) + frame(b"ok 2\nh") + frame(b"i")))

    assert session.ask("read", "a") == ("ok", b"hi")


def test_the_program_is_one_for_bash() -> None:
    """Its syntax is right, and it says so where shellcheck is not."""
    bash = shutil.which("bash")
    assert bash
    program = commands.program()[2]
    assert subprocess.run([bash, "-n", "-c", program], check=False).returncode == 0


def test_the_container_has_no_right_but_to_the_volume() -> None:
    """It has no network, no capability, and a root that is not written."""
    found = commands.container("box-staging")["HostConfig"]

    assert found["Mounts"] == [
        {"Type": "volume", "Source": "box-staging_environment-state", "Target": "/state"}
    ]
    assert (found["NetworkMode"], found["CapDrop"]) == ("none", ["ALL"])
    assert found["ReadonlyRootfs"] and found["AutoRemove"]
