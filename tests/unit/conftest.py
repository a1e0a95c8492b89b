"""Unit tests are pure: starting a process or opening a socket is an error."""

from __future__ import annotations

import socket
import subprocess
from typing import Any

import pytest


class NotPureError(AssertionError):
    """A unit test reached for the world."""


@pytest.fixture(autouse=True)
def no_world(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Refuse processes and connections, except in a test that is marked `door`."""
    if request.node.get_closest_marker("door"):
        return

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise NotPureError("a unit test may not start a process or open a connection")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
