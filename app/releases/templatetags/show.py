"""Template filters that format values for the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import template

from config.text import visible

register = template.Library()


@register.filter
def seconds(value: float) -> str:
    """Write a duration in seconds as `0.4 s`, `12 s`, `3 min 05 s` or `1 h 02 min`."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


@register.filter
def short(value: str) -> str:
    """Write a digest or a commit by its first twelve hex digits."""
    return value.removeprefix("sha256:")[:12]


@register.filter
def plain(value: str) -> str:
    """Write text from outside on one line, with invisible characters escaped."""
    return visible(str(value))


@register.filter
def multiline(value: str) -> str:
    """Write output of a tool in the same way, but keep its newlines and tabs."""
    return visible(str(value), keep="\n\t")


@register.filter
def fact_items(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Write the facts of a stage as pairs of a label and a text, nested ones joined."""
    return [
        (visible(name.replace("_", " ")), visible(_text(value, UNITS.get(name, str)), keep="\n\t"))
        for name, value in _ordered(facts)
        if name not in APART
    ]


def _percent(value: float) -> str:
    return f"{value:g} %"


def _bytes(value: float) -> str:
    return f"{value / 1e6:.1f} MB"


UNITS: dict[str, Callable[[Any], str]] = {
    "coverage": _percent,
    "image_size": _bytes,
    "above_base": _bytes,
    "growth": _bytes,
    "saved": seconds,
    "sizes": _bytes,
}


# The page shows these apart from the other facts.
APART = frozenset({"steps"})
# PostgreSQL does not keep the order of keys: these come first, the others by name.
FIRST = (
    *("coverage", "issues", "tests_run", "tests_passed", "tests_failed"),
    *("critical", "high", "medium", "low"),
)


def _ordered(facts: dict[str, Any]) -> list[tuple[str, Any]]:
    ranks = {name: rank for rank, name in enumerate(FIRST)}
    return sorted(facts.items(), key=lambda fact: (ranks.get(fact[0], len(FIRST)), fact[0]))


WORDS = {True: "yes", False: "no", None: "none"}


def _text(value: Any, number: Callable[[Any], str]) -> str:
    if isinstance(value, dict):
        parts = [f"{name} {_text(item, number)}" for name, item in _ordered(value)]
        return ", ".join(parts) or "none"
    if isinstance(value, list):
        return ", ".join(_text(item, number) for item in value) or "none"
    if isinstance(value, bool | None):
        return WORDS[value]
    return number(value) if isinstance(value, int | float) else str(value)
