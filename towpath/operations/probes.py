"""How a probe runs: beside all others, for a bounded time, and whatever ends it is one line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from towpath.core.errors import TowpathError
from towpath.operations.health_rules import HealthCheck, Level
from towpath.operations.side_by_side import side_by_side

T = TypeVar("T")

# Seconds that a probe has, and after which a command that it runs is asked to end.
LONGEST = 5.0
COMMAND = 4.0


@dataclass(frozen=True)
class Probe:
    """What is looked at, how, and the command that helps where it could not be looked at."""

    subject: str
    act: Callable[[], Iterable[HealthCheck]]
    next_step: str = ""


def run_probes(probes: Sequence[Probe], seconds: float = LONGEST) -> list[HealthCheck]:
    """Run all probes side by side and return what they found, in their order.

    One that has no answer after `seconds` is an error, and is left behind: its thread ends with
    the process.
    """
    started = time.monotonic()

    def look(probe: Probe) -> list[HealthCheck]:
        checks = _checks(probe)
        took = time.monotonic() - started
        return [replace(row, seconds=took) for row in checks]

    found = side_by_side([partial(look, probe) for probe in probes], seconds)
    return [
        row
        for probe, rows in zip(probes, found, strict=True)
        for row in rows or [_unanswered(probe, seconds)]
    ]


def failed(subject: str, error: TowpathError, next_step: str = "") -> HealthCheck:
    """Return the line of a check that an error ended; the error's own next step goes first."""
    why = f": {error.why.strip().splitlines()[0]}" if error.why.strip() else ""
    words = f"could not check: {error.what.rstrip('.')}{why}"
    return HealthCheck(subject, Level.ERROR, words, error.next_step or next_step)


def _checks(probe: Probe) -> list[HealthCheck]:
    try:
        rows = list(probe.act())
    except TowpathError as error:
        return [failed(probe.subject, error, probe.next_step)]
    except Exception as error:
        words = f"could not check: {type(error).__name__}: {error}"
        return [HealthCheck(probe.subject, Level.ERROR, words, probe.next_step)]
    nothing = HealthCheck(probe.subject, Level.ERROR, "could not check: no result", probe.next_step)
    return rows or [nothing]


def _unanswered(probe: Probe, seconds: float) -> HealthCheck:
    words = f"could not check: no answer within {seconds:g} s"
    return HealthCheck(probe.subject, Level.ERROR, words, probe.next_step, seconds)


class Once(Generic[T]):
    """A question that several probes have and that is asked once; an error is an answer too."""

    def __init__(self, act: Callable[[], T]) -> None:
        """Ask `act` when the first probe wants the answer."""
        self._act = act
        self._lock = threading.Lock()
        self._value: list[T] = []
        self._error: TowpathError | None = None

    def __call__(self) -> T:
        """Return the answer, or raise the error that the question ended with."""
        with self._lock:
            if not self._value and self._error is None:
                try:
                    self._value.append(self._act())
                except TowpathError as error:
                    self._error = error
        if self._error is not None:
            raise self._error
        return self._value[0]
