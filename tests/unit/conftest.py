"""Unit tests are pure: starting a process or opening a socket is an error."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.registry_server import Store, serving
from tests.releases import session_at
from towpath.clients import reachable
from towpath.flows.session import Session
from towpath.redaction import SECRETS


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


@pytest.fixture(autouse=True)
def no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out what a CI run or a person sets for the pipeline: a test sets what it wants."""
    for name in list(os.environ):
        if name.startswith(("TOWPATH_", "GITHUB_")) or name == "CI":
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def nothing_hidden_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test hide what another one reads: what the process knows starts empty."""
    monkeypatch.setattr(SECRETS, "_secrets", set())
    monkeypatch.setattr(SECRETS, "_forms", ())


@pytest.fixture(autouse=True)
def all_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say of every source of advisories that it can be asked; its door is tested apart."""

    def unreachable(_addresses: Iterable[str]) -> dict[str, str]:
        return {}

    monkeypatch.setattr(reachable, "unreachable", unreachable)


@pytest.fixture
def store() -> Iterator[Store]:
    """A registry of the test's own, in memory, on loopback; its test is marked `door`."""
    with serving() as found:
        yield found


@pytest.fixture
def session(tmp_path: Path, store: Store) -> Session:
    """A session of an empty project whose registry is the store."""
    return session_at(tmp_path, store)
