"""A clock for tests: time passes only where somebody waits, and exactly as long as was asked."""

from __future__ import annotations

from towpath.core.clock import Clock


class QuickClock(Clock):
    """Begins at 0, and remembers each wait in seconds."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        """Return the seconds waited so far."""
        return self.time

    def monotonic(self) -> float:
        """Return the seconds waited so far."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let them pass at once."""
        self.waits.append(seconds)
        self.time += seconds

    def pause(self, seconds: float) -> None:
        """Wait without jitter."""
        self.sleep(seconds)
