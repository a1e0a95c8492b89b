"""How a Nox session is started. Pure: argv lists only."""

from __future__ import annotations

import sys


def workspace(name: str, *, fresh: bool = False) -> list[str]:
    """Run one session; Nox runs on the Python that runs us, with colours off for the log.

    With `fresh` it runs even if its evidence still holds.
    """
    argv = [sys.executable, "-m", "nox", "--no-error-on-missing-interpreters", "-s", name]
    return [*argv, "--", "--fresh"] if fresh else argv
