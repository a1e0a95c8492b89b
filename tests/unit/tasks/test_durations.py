"""Durations behind a flag."""

from __future__ import annotations

import pytest

from towpath.core.errors import ConfigurationError
from towpath.tasks.durations import duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("1h", 3600), ("24h", 86_400)]
)
def test_a_duration(text: str, seconds: int) -> None:
    """Without a unit it is seconds."""
    assert duration(text, "--for") == seconds


@pytest.mark.parametrize("text", ["", "0", "-5", "5 m", "5d", "1.5h", "25h", "m", "9999999", "٣"])
def test_what_is_no_duration(text: str) -> None:
    """More than a day is a mistake."""
    with pytest.raises(ConfigurationError) as caught:
        duration(text, "--wait")

    assert caught.value.lines()[1:] == [
        "why: --wait takes seconds, minutes or hours, from 1s to 24h.",
        "next: For example: --wait=5m",
    ]


def test_no_time_at_all_is_a_duration_where_it_makes_sense() -> None:
    """Not to wait, for example."""
    assert duration("0", "--wait", least=0) == 0
