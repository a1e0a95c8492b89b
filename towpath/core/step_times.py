"""When a step of a stage ran, as the terminal measured it. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StepTime:
    """A step of a stage: when it began, in seconds since the stage did, and how long it took."""

    title: str
    status: str
    start: float
    seconds: float

    def as_json(self) -> dict[str, object]:
        """Return the step's part of a report."""
        start, seconds = round(self.start, 3), round(self.seconds, 3)
        return {"title": self.title, "status": self.status, "start": start, "seconds": seconds}
