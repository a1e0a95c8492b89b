"""What the integration tests share: services, and who is gone."""

from __future__ import annotations

import pytest

from tests.integration.services import (
    needs_cache,
    needs_database,
    needs_queue,
    pytest_runtest_call,
    pytest_runtest_setup,
    pytest_runtest_teardown,
)
from towpath.config.workspace import Workspace
from towpath.tasks.context import workspace as new_workspace

__all__ = [
    "needs_cache",
    "needs_database",
    "needs_queue",
    "pytest_runtest_call",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
]


@pytest.fixture(scope="module")
def local() -> Workspace:
    """Return a workspace on this machine's engine."""
    return new_workspace(engine=True)
