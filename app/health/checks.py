"""Readiness checks of the services: each returns, or raises the exception of its client."""

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
"""Seconds for which the outcome of all checks is reused."""


@dataclass(frozen=True)
class Outcome:
    """How a check ended; `seconds` is how long it took, or how long it was waited for."""

    status: str
    seconds: float


class CacheForgot(Exception):
    """The cache answered, but not with the value that was stored."""


def check_database() -> None:
    """Ask the database for one row, over a connection of this thread that is closed again."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    finally:
        connection.close()


def check_cache() -> None:
    """Store a value in the cache and read it back, over a connection that is closed again."""
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
    """A check that runs in its own thread, so that it cannot delay the others."""

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
        """Whether the check has not ended yet."""
        return self._thread.is_alive()

    def outcome(self, timeout: float) -> Outcome:
        """Wait until `timeout` seconds after the start, and return the outcome at that time."""
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
    """Return the attempts that have not ended yet."""
    return {name: row for name, row in attempts.items() if row.hangs}


class Readiness:
    """The outcome of all checks, refreshed at most once a second however often it is requested.

    One thread runs the checks. Other requests meanwhile get the last outcome, so that a service
    that hangs blocks at most one thread of this process; only at the start, without an outcome yet,
    they wait. A failing service is noticed within `FRESH` seconds, one that hangs `timeout` later.
    """

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._known: dict[str, Outcome] = {}
        self._asked_at = -FRESH
        self._hanging: dict[str, Attempt] = {}

    def latest(self, checks: Mapping[str, Check], timeout: float) -> dict[str, Outcome]:
        """Return the outcome of every check, at most `FRESH` seconds old when nothing hangs.

        `timeout` is in seconds, for each check.
        """
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
        """Discard the outcome: the next request runs the checks again."""
        with self._asking:
            self._known, self._asked_at, self._hanging = {}, -FRESH, {}

    def _is_fresh(self) -> bool:
        return bool(self._known) and time.monotonic() - self._asked_at < FRESH

    def _ask(self, checks: Mapping[str, Check], timeout: float) -> dict[str, Outcome]:
        """Check every service except those whose last check still runs: they are down."""
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
