"""Every test of this project: what a check ignores, its tests may not read."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reading import Reading
from towpath.config import load

ROOT = Path(__file__).parents[1]
READING = Reading(ROOT, load(ROOT, {}).ignored)
# Up to 3.11 a hook in Python lets a second thread in while coverage installs its trace function in
# the first one, which Python refuses. The later Pythons of the matrix watch for all.
if sys.version_info >= (3, 12):
    sys.addaudithook(READING.see)
# Seconds for a test and what it brings up: images, some under emulation, and a browser.
PATIENCE = 900
PATIENT = tuple(ROOT / "tests" / name for name in ("browser", "engine", "integration"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests that start containers more time than a unit test has."""
    for item in items:
        own = item.get_closest_marker("timeout")
        if own is None and any(map(item.path.is_relative_to, PATIENT)):
            item.add_marker(pytest.mark.timeout(PATIENCE))


@pytest.fixture(autouse=True)
def reads_nothing_ignored(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that opened an ignored file, itself or by an import."""
    yield
    found = READING.forbidden(request.node.nodeid)
    assert not found, f"[tool.towpath.ignored] names {', '.join(found)}, and this test reads it"


@pytest.fixture
def listening() -> Iterator[None]:
    """Let Ctrl-C arrive, also where the tests were started with it switched off, as with nohup."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
