"""Flows meet registries that fail: how often one is asked again matters here, not how slowly."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from threading import Thread

import pytest

from tests.unit.flows.scanning import Archive
from towpath.clients.registry import asking


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait milliseconds between attempts; the waits themselves are tested with the client."""
    monkeypatch.setattr(asking, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(asking, "SHOWN", 0.01)


@pytest.fixture
def archive() -> Iterator[tuple[type[Archive], str]]:
    """Start an archive of security updates, and return it with its address."""
    handler = type("ThisArchive", (Archive,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_port}/debian-security/"
    server.shutdown()
    server.server_close()
    thread.join()
