"""A command on a pseudo-terminal, and a person who types when something is shown."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.e2e.conftest import Ended

# Makes the terminal its own, as a login does, and becomes the command.
LOGIN = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
PIECE = 65536
# Colours, and what a shell tells a terminal of its prompt.
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07|\r")


def typed(
    cwd: Path,
    argv: Sequence[str],
    lines: Sequence[tuple[str, str]],
    *,
    seconds: float = 900,
    env: Mapping[str, str] | None = None,
) -> Ended:
    """Run an Invoke task on a terminal; each line is typed once its text was shown, in order.

    Fails where a text is not shown in time, with everything that was.
    """
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", LOGIN, sys.executable, "-m", "invoke", *argv],
        cwd=cwd,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200", **(env or {})},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    shown, seen, left = "", 0, list(lines)
    deadline = time.monotonic() + seconds
    try:
        while piece := _piece(master, deadline):
            shown += _CONTROL.sub("", piece)
            while left and (at := shown.find(left[0][0], seen)) >= 0:
                seen = at + len(left[0][0])
                os.write(master, f"{left.pop(0)[1]}\n".encode())
        assert not left, f"never shown: {left[0][0]!r}\n{shown}"
        return Ended(process.wait(60), shown, shown)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _piece(master: int, deadline: float) -> str:
    """Return what the terminal shows next; nothing when the command has ended, or time is over."""
    ready, _, _ = select.select([master], [], [], max(0.0, deadline - time.monotonic()))
    with suppress(OSError):
        return os.read(master, PIECE).decode(errors="replace") if ready else ""
    return ""
