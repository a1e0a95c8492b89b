"""The services that a test needs, as a plugin of pytest: one that is gone is named.

A test asks for `needs_database`, `needs_cache` or `needs_queue`. Where such a service does not
answer, before the test or while it runs, the test fails with the service's name first.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import pytest

PATIENCE = 2.0  # seconds for a service on this machine to say its first byte


class ServiceDownError(AssertionError):
    """A service that a test needs does not answer."""

    # As pytest does with its own: a short line then begins with the name, not with a module.
    __module__ = "builtins"


@dataclass(frozen=True)
class Service:
    """Where a service is, by a variable of the app's, and words that it answers at once."""

    name: str
    variable: str
    port: int
    greeting: bytes

    def trouble(self) -> str:
        """Return why the service does not answer, or nothing if it does."""
        host = os.environ.get(self.variable, "").split(":")[0]
        if not host:
            return f"{self.name}: {self.variable} is not set"
        try:
            with socket.create_connection((host, self.port), PATIENCE) as connection:
                connection.sendall(self.greeting)
                said = connection.recv(1)
        except OSError as error:
            return f"{self.name} at {host} does not answer: {error}"
        return "" if said else f"{self.name} at {host} hangs up without a word"


SERVICES = {
    "needs_database": Service(
        "database", "DATABASE_HOST", 5432, b"\0\0\0\x08\x04\xd2\x16\x2f"  # SSLRequest
    ),
    "needs_cache": Service("cache", "CACHE_HOSTS", 11211, b"version\r\n"),
    "needs_queue": Service("queue", "QUEUE_HOST", 5672, b"AMQP\0\0\x09\x01"),
}


def troubles(item: pytest.Item) -> str:
    """Return what is wrong with the services that a test asks for; empty if they all answer."""
    asked = getattr(item, "fixturenames", ())
    found = [SERVICES[name].trouble() for name in SERVICES if name in asked]
    return "; ".join(filter(None, found))


def _needed(fixture: str) -> Callable[[], None]:
    def needed() -> None:
        if trouble := SERVICES[fixture].trouble():
            raise ServiceDownError(trouble)

    needed.__doc__ = f"Fail where the {SERVICES[fixture].name} does not answer."
    return pytest.fixture(needed, name=fixture)


needs_database = _needed("needs_database")
needs_cache = _needed("needs_cache")
needs_queue = _needed("needs_queue")


def _name_what_is_gone(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let a part of a test run; if it fails and a service is gone, that is the failure."""
    try:
        return (yield)
    except ServiceDownError:
        raise
    except (Exception, pytest.fail.Exception) as error:
        if trouble := troubles(item):
            raise ServiceDownError(trouble) from error
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """Name a service that is gone when the tables are made."""
    return (yield from _name_what_is_gone(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Name a service that went while the test ran."""
    return (yield from _name_what_is_gone(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """Name a service that is gone when its tables are emptied."""
    return (yield from _name_what_is_gone(item))
