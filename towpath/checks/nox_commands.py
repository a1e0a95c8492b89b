"""The command that starts a Nox session. Pure: argv lists only."""

from __future__ import annotations

import sys


def workspace(name: str, *, fresh: bool = False) -> list[str]:
    """Run one session with the current Python interpreter.

    With `fresh`, it runs even if its evidence is still valid.
    """
    argv = [sys.executable, "-m", "nox", "--no-error-on-missing-interpreters", "-s", name]
    return [*argv, "--", "--fresh"] if fresh else argv
