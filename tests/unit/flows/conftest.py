"""Flows meet registries that fail: how often one is asked again matters here, not how slowly."""

from __future__ import annotations

import pytest

from towpath.clients.registry import asking


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait milliseconds between attempts; the waits themselves are tested with the client."""
    monkeypatch.setattr(asking, "FIRST_WAIT", 0.001)
