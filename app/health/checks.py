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

FRESH = 1.0
"""Seconds for which an outcome of all checks is told again."""


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

    @property
    def hangs(self) -> bool:
        """Whether the check has not come back yet."""
        return self._thread.is_alive()

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


def _hanging(attempts: Mapping[str, Attempt]) -> dict[str, Attempt]:
    """Return the attempts that have not come back yet."""
    return {name: row for name, row in attempts.items() if row.hangs}


class Readiness:
    """The outcome of all checks, asked anew once a second however often somebody wants to know.

    One thread asks. Whoever comes meanwhile gets the last outcome, so that no service that hangs
    can hold more than one thread of this process; only at the start, with no outcome yet, they
    wait. A service that refuses is seen within `FRESH` seconds, one that hangs `timeout` later.
    """

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._known: dict[str, Outcome] = {}
        self._asked_at = -FRESH
        self._hanging: dict[str, Attempt] = {}

    def latest(self, checks: Mapping[str, Check], timeout: float) -> dict[str, Outcome]:
        """Return the outcome of every check, at most `FRESH` seconds old when nothing hangs."""
        if self._is_fresh():
            return self._known
        if not self._asking.acquire(blocking=not self._known):
            return self._known
        try:
            if not self._is_fresh():
                self._known = self._ask(checks, timeout)
                self._asked_at = time.monotonic()
            return self._known
        finally:
            self._asking.release()

    def forget(self) -> None:
        """Let the next one who wants to know ask the services."""
        with self._asking:
            self._known, self._asked_at, self._hanging = {}, -FRESH, {}

    def _is_fresh(self) -> bool:
        return bool(self._known) and time.monotonic() - self._asked_at < FRESH

    def _ask(self, checks: Mapping[str, Check], timeout: float) -> dict[str, Outcome]:
        """Ask every service but those that still owe the last answer: they are down."""
        self._hanging = _hanging(self._hanging)
        attempts = {
            name: Attempt(name, check)
            for name, check in checks.items()
            if name not in self._hanging
        }
        found = {name: attempt.outcome(timeout) for name, attempt in attempts.items()}
        self._hanging |= _hanging(attempts)
        return {
            name: found[name] if name in found else self._hanging[name].outcome(0)
            for name in checks
        }


READINESS = Readiness()
