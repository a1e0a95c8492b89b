"""How values are written on a page."""

from __future__ import annotations

from typing import Any

import pytest

from releases.templatetags.show import fact_items, seconds, short


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.5, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.6, "1 h 00 min"),
        (3725, "1 h 02 min"),
    ],
)
def test_seconds(value: float, expected: str) -> None:
    """A duration is written in the unit that fits it."""
    assert seconds(value) == expected


@pytest.mark.parametrize("value", ["sha256:" + "a1" * 32, "a1" * 20])
def test_short(value: str) -> None:
    """Twelve digits tell digests and commits apart."""
    assert short(value) == "a1a1a1a1a1a1"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"coverage": 96.50}, ("coverage", "96.5 %")),
        ({"image_size": 191_000_000}, ("image size", "191.0 MB")),
        ({"sizes": {"linux/amd64": 96_400_000}}, ("sizes", "linux/amd64 96.4 MB")),
        ({"saved": 14.2}, ("saved", "14 s")),
        ({"issues": 0}, ("issues", "0")),
        ({"platforms": ["a", "b"]}, ("platforms", "a, b")),
        ({"platforms": []}, ("platforms", "none")),
        ({"sizes": {}}, ("sizes", "none")),
        ({"previous": None}, ("previous", "none")),
        ({"x": 1, "signed": True}, ("signed", "yes")),
        ({"signed": False}, ("signed", "no")),
        (
            {"z": {"low": 4, "critical": 1, "high": 2, "a": 5, "medium": 3}},
            ("z", "critical 1, high 2, medium 3, low 4, a 5"),
        ),
        ({"coverage": "unknown"}, ("coverage", "unknown")),
    ],
)
def test_facts(facts: dict[str, Any], expected: tuple[str, str]) -> None:
    """Each kind of value reads as a text, with its unit where it has one."""
    assert fact_items(facts)[0] == expected
