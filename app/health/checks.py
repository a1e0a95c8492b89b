"""What readiness asks of the services: each check returns, or raises whatever went wrong."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from django.core.cache import cache
from django.db import connection

from config.celery import app

logger = logging.getLogger(__name__)

Check = Callable[[], None]


@dataclass(frozen=True)
class Outcome:
    """How a check ended; `seconds` is how long it took, or how long it was waited for."""

    status: str
    seconds: float


class CacheForgot(Exception):
    """The cache answered, but not with what was put into it."""


def check_database() -> None:
    """Ask the database for one row, over a connection of this thread that is closed again."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    finally:
        connection.close()


def check_cache() -> None:
    """Put a value into the cache and read it back, over a connection that is closed again."""
    key, value = "health:" + uuid4().hex, uuid4().hex
    try:
        cache.set(key, value, timeout=10)
        if cache.get(key) != value:
            raise CacheForgot(key)
        cache.delete(key)
    finally:
        cache.close()


def check_queue() -> None:
    """Open a connection to the broker, as the same user and virtual host as a publisher."""
    with app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, interval_start=0)


CHECKS: dict[str, Check] = {
    "database": check_database,
    "cache": check_cache,
    "queue": check_queue,
}


class Attempt:
    """One check on its way in a thread of its own, so that it cannot hold up the others."""

    def __init__(self, name: str, check: Check) -> None:
        self._name, self._check = name, check
        self._error: Exception | None = None
        self._seconds = 0.0
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"check-{name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._check()
        except Exception as error:  # whatever a service's client raises means that it is down
            self._error = error
        self._seconds = time.monotonic() - self._started

    def outcome(self, timeout: float) -> Outcome:
        """Wait until `timeout` seconds after the start, and say how the check stands then."""
        self._thread.join(max(0.0, self._started + timeout - time.monotonic()))
        if self._thread.is_alive():
            logger.warning("%s gave no answer within %s s", self._name, timeout)
            return Outcome("down", round(time.monotonic() - self._started, 3))
        if self._error:
            logger.warning("%s is down: %r", self._name, self._error)
        return Outcome("down" if self._error else "ok", round(self._seconds, 3))


def run(checks: Mapping[str, Check], timeout: float) -> dict[str, Outcome]:
    """Run all checks side by side and return each one's outcome within `timeout` seconds."""
    attempts = {name: Attempt(name, check) for name, check in checks.items()}
    return {name: attempt.outcome(timeout) for name, attempt in attempts.items()}
