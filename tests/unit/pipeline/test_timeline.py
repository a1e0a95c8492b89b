"""When stages and steps ran, on one axis."""

from __future__ import annotations

from typing import Any

from towpath.pipeline import timeline
from towpath.pipeline.timeline import Span


def stage(seconds: float, **more: Any) -> dict[str, Any]:
    """Return a stage of a report."""
    return {"status": "passed", "duration": seconds, **more}


def test_stages_at_the_same_time_lie_side_by_side() -> None:
    """The second began before the first ended."""
    stages = {
        "lint": stage(8, started="2026-11-24T21:00:00.000Z"),
        "test": stage(9, started="2026-11-24T21:00:01.000Z"),
    }

    assert timeline.of_stages({"duration": 10, "stages": stages}) == {
        "lint": Span(0.0, 8.0, "0.00", "80.00"),
        "test": Span(1.0, 9.0, "10.00", "90.00"),
    }


def test_without_times_stages_follow_each_other() -> None:
    """Reports of old pipelines do not say when a stage began; nonsense is no time either."""
    stages = {"lint": stage(2), "test": stage(3, started="soon")}

    assert timeline.of_stages({"duration": 10, "stages": stages}) == {
        "lint": Span(0.0, 2.0, "0.00", "20.00"),
        "test": Span(2.0, 3.0, "20.00", "30.00"),
    }


def test_steps_are_in_the_order_in_which_they_began() -> None:
    """The terminal notes them as they end."""
    inner = {"title": "inner", "status": "passed", "start": 1.0, "seconds": 1.0}
    outer = {"title": "outer", "status": "failed", "start": 0.0, "seconds": 4.0}

    found = timeline.of_steps(stage(4, steps=[inner, outer]))

    assert [(row["title"], span.left, span.width) for row, span in found] == [
        ("outer", "0.00", "100.00"),
        ("inner", "25.00", "25.00"),
    ]


def test_a_bar_is_never_too_thin_to_see() -> None:
    """Nor beyond the end of its axis."""
    assert timeline.on_axis([(100.0, 0.0)], 100) == [Span(100.0, 0.0, "99.60", "0.40")]
    assert timeline.on_axis([(0.0, 0.0)], 0) == [Span(0.0, 0.0, "0.00", "0.40")]
