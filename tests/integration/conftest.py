"""What the integration tests share: the services that a test asks for, and who is gone."""

from __future__ import annotations

from tests.integration.services import (
    needs_cache,
    needs_database,
    needs_queue,
    pytest_runtest_call,
    pytest_runtest_setup,
    pytest_runtest_teardown,
)

__all__ = [
    "needs_cache",
    "needs_database",
    "needs_queue",
    "pytest_runtest_call",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
]
