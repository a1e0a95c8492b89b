"""When the stages of a run ran, on one axis: stages at the same time lie side by side. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The shortest bar, in percent of the axis.
THINNEST = 0.4


@dataclass(frozen=True)
class Span:
    """From when to when, in seconds since the run began, and where its bar is, in percent."""

    start: float
    seconds: float
    left: str
    width: str


def of_stages(document: Mapping[str, Any]) -> dict[str, Span]:
    """Return when each stage of a report ran.

    A report of an old pipeline does not say when: there, stages follow each other.
    """
    names, found = list(document["stages"]), list(_starts(document["stages"].values()))
    spans = [
        (start, float(stage["duration"]))
        for start, stage in zip(found, document["stages"].values(), strict=True)
    ]
    return dict(zip(names, on_axis(spans, float(document["duration"])), strict=True))


def length(document: Mapping[str, Any]) -> float:
    """Return the seconds of the axis of a run: its own, or to the end of its last stage."""
    found = of_stages(document).values()
    return max([float(document["duration"]), *(row.start + row.seconds for row in found)])


def of_steps(stage: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Span]]:
    """Return the steps of a stage of a report, in the order in which they began."""
    rows = [row for row in stage.get("steps", ()) if isinstance(row, Mapping)]
    rows.sort(key=lambda row: float(row["start"]))
    spans = [(float(row["start"]), float(row["seconds"])) for row in rows]
    return list(zip(rows, on_axis(spans, float(stage["duration"])), strict=True))


def on_axis(spans: Sequence[tuple[float, float]], length: float) -> list[Span]:
    """Return spans of (start, seconds) on an axis of at least `length` seconds."""
    axis = max([length, 0.001, *(start + seconds for start, seconds in spans)])
    return [
        Span(
            start,
            seconds,
            f"{min(100 - THINNEST, max(0.0, 100 * start / axis)):.2f}",
            f"{min(100.0, max(THINNEST, 100 * seconds / axis)):.2f}",
        )
        for start, seconds in spans
    ]


def _starts(stages: Iterable[Mapping[str, Any]]) -> Iterable[float]:
    """Yield the seconds from the start of the first stage to that of each."""
    rows, after = list(stages), 0.0
    begun = [_moment(stage.get("started")) for stage in rows]
    first = min((moment for moment in begun if moment), default=None)
    for stage, moment in zip(rows, begun, strict=True):
        yield (moment - first).total_seconds() if moment and first else after
        after += float(stage["duration"])


def _moment(text: object) -> dt.datetime | None:
    """Return a time of a report, in UTC; None for what is none."""
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
