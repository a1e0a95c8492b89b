"""Unit tests are pure: starting a process or opening a socket is an error."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.quiet import QuietThreadingServer
from tests.registry_server import Store, serving
from tests.releases import workspace_at
from tests.unit.scanning.scanning import Archive
from towpath.config.workspace import Workspace
from towpath.core import reachable
from towpath.core.redaction import SECRETS
from towpath.registry.client import retry

CLIENT = Path(__file__).parent / "registry/client"


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


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk() -> Iterator[None]:
    """Let the files of tests be lost if the machine stops: to wait for the disk takes minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _number: None)
        yield


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
def workspace(tmp_path: Path, store: Store) -> Workspace:
    """A session of an empty project whose registry is the store."""
    return workspace_at(tmp_path, store)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Wait milliseconds between attempts; the waits themselves are tested with the client."""
    if CLIENT in request.path.parents:
        return
    monkeypatch.setattr(retry, "RETRY", retry.RETRY._replace(first=0.001))
    monkeypatch.setattr(retry, "SHOWN", retry.SHOWN._replace(first=0.001, deadline=0.01))


@pytest.fixture
def archive() -> Iterator[tuple[type[Archive], str]]:
    """Start an archive of security updates, and return it with its address."""
    handler = type("ThisArchive", (Archive,), {"asked": []})
    server = QuietThreadingServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_port}/debian-security/"
    server.shutdown()
    server.server_close()
    thread.join()
