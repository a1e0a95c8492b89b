"""Time as everything else sees it: passed in, so that tests bring a clock that does not wait."""

from __future__ import annotations

import time
from collections.abc import Callable

# Up to this part of a pause is added to it.
JITTER = 0.25


class Clock:
    """The system's clock. Every time is in seconds."""

    def now(self) -> float:
        """Return the time since 1970 in UTC; an operator or NTP may set it back."""
        return time.time()

    def monotonic(self) -> float:
        """Return a time that only grows, for durations and deadlines."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let this much time pass."""
        time.sleep(seconds)

    def pause(self, seconds: float) -> None:
        """Let this much time pass and up to JITTER of it more.

        Clients that failed together do not come back together then. Source: Amazon Builders'
        Library, "Timeouts, retries, and backoff with jitter".
        """
        # Not before something has failed: the import is a part of every start otherwise.
        from random import SystemRandom

        self.sleep(seconds * SystemRandom().uniform(1, 1 + JITTER))

    def wait_until(self, condition: Callable[[], bool], seconds: float, every: float) -> bool:
        """Ask `every` so many seconds until the condition holds; False where time is over first."""
        deadline = self.monotonic() + seconds
        while not condition():
            if self.monotonic() >= deadline:
                return False
            self.sleep(every)
        return True


SYSTEM = Clock()
