"""A command that uses the terminal itself: a person types in it, and Ctrl-C is for it alone."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Runner

pytestmark = pytest.mark.door

# Makes the terminal its own, as a login does, and runs a command on it.
CALLER = """
import fcntl, os, sys, termios
from pathlib import Path
from towpath.core.errors import InterruptedRunError
from towpath.core.runner import Runner
from tests.fakes import QuietTerminal
from towpath.tasks.context import guarded
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runner = Runner(QuietTerminal(), env=dict(os.environ), cwd=Path.cwd())
def act():
    print("code", runner.interact([sys.executable, "-c", sys.argv[1]], env={"MORE": "1"}))
try:
    guarded(act)
except InterruptedRunError as error:
    print("ended:", error.what.partition(":")[0])
"""
CHILD = """
import os, sys, time
print(sys.stdin.isatty(), sys.stdout.isatty(), os.environ["MORE"], flush=True)
said = input()
try:
    print("heard", said, flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(7)
"""


@dataclass
class Screen:
    """A terminal with a process on it: what it showed, and what is typed."""

    process: subprocess.Popen[bytes]
    master: int
    shown: str = ""

    def until(self, words: str) -> None:
        """Read until these words appear, or the terminal is closed."""
        with suppress(OSError):
            while words not in self.shown:
                self.shown += os.read(self.master, 4096).decode()

    def type(self, text: str) -> None:
        """Type."""
        os.write(self.master, text.encode())


@pytest.fixture
def screen() -> Iterator[Screen]:
    """Return a terminal on which the caller runs."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", CALLER, CHILD],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    yield Screen(process, master)
    process.kill()
    process.wait()
    os.close(master)


def test_the_command_has_the_terminal_and_ctrl_c(screen: Screen) -> None:
    """What is typed reaches it; Ctrl-C ends it and not the caller, who returns its code."""
    screen.until("True True 1")
    screen.type("hello\n")
    screen.until("heard hello")
    screen.type("\x03")
    screen.until("code 7")

    assert "True True 1" in screen.shown
    assert "heard hello" in screen.shown
    assert "code 7" in screen.shown
    assert screen.process.wait(10) == 0


def test_a_stop_signal_ends_the_command_too(screen: Screen) -> None:
    """SIGTERM to the caller: the command is gone, and the caller says that it was interrupted."""
    screen.until("True True 1")
    screen.process.send_signal(signal.SIGTERM)
    screen.until("ended: Interrupted while running")

    assert screen.process.wait(20) == 0
    assert "ended: Interrupted while running" in screen.shown


def test_a_missing_program_is_an_error(tmp_path: Path) -> None:
    """As it is without a terminal; Ctrl-C is ours again afterwards."""
    before = signal.getsignal(signal.SIGINT)
    runner = Runner(QuietTerminal(), env={"PATH": "/nowhere"}, cwd=tmp_path)

    with pytest.raises(CommandFailedError) as caught:
        runner.interact(["no-such-program"])

    assert caught.value.what == "no-such-program is not installed or not on PATH."
    assert signal.getsignal(signal.SIGINT) is before
