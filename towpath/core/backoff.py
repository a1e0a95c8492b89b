"""Trying again: longer and longer waits with jitter, until it works, or time or tries are over."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from towpath.core.clock import SYSTEM, Clock

T = TypeVar("T")

# For what only a deadline ends.
UNLIMITED = sys.maxsize


class Backoff(NamedTuple):
    """How often something is tried and how long is waited in between; times in seconds.

    The first wait is doubled for each further attempt, up to `longest`. No attempt begins later
    than `deadline` after the first one.
    """

    first: float = 0.25
    longest: float = 8.0
    attempts: int = 5
    deadline: float = math.inf

    def waits(self) -> Iterator[float]:
        """Return the wait before the second attempt, before the third one, and so on."""
        wait, number = self.first, 1
        while number < self.attempts:
            yield min(wait, self.longest)
            wait, number = wait * 2, number + 1


def attempts(backoff: Backoff, clock: Clock = SYSTEM) -> Iterator[int]:
    """Return the number of each attempt, from 1; the wait passes before the next one is returned.

    For what shows by its result that it failed; `with_retry` is for what raises an error.
    """
    started = clock.monotonic()
    yield 1
    for number, wait in enumerate(backoff.waits(), 2):
        left = started + backoff.deadline - clock.monotonic()
        if left <= 0:
            return
        clock.pause(min(wait, left))
        yield number


def with_retry(
    act: Callable[[], T],
    when: Callable[[Exception], bool],
    backoff: Backoff,
    clock: Clock = SYSTEM,
    at_least: Callable[[Exception], float] = lambda error: 0.0,
) -> T:
    """Return what `act` returns, trying again where `when` says that its error may pass.

    `at_least` returns for how many seconds the other side asked to be left alone (Retry-After), 0
    where it did not; it may raise where that is too long. Raises the last error of `act`.
    """
    started, waits = clock.monotonic(), backoff.waits()
    while True:
        try:
            return act()
        except Exception as error:
            wait = next(waits, None) if when(error) else None
            left = started + backoff.deadline - clock.monotonic()
            if wait is None or left <= 0:
                raise
            asked = at_least(error)
        clock.pause(max(min(wait, left), asked))
