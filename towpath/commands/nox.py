"""How a Nox session is started. Pure: argv lists only."""

from __future__ import annotations

import sys


def session(name: str) -> list[str]:
    """Run one session; Nox runs on the Python that runs us, with colours off for the log."""
    return [sys.executable, "-m", "nox", "--no-error-on-missing-interpreters", "-s", name]
