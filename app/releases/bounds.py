"""Limits on the depth and size of a document, checked before it is processed. Pure.

The schema of a report limits its facts too, and names the path of each problem. Validating every
part of every fact is slow, so facts that are within these limits are not validated again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 32
"""Levels of nesting: far more than a report has, far below Python's recursion limit."""

# The sizes of a fact, as in report.schema.json.
LEVELS, TEXT, ITEMS, KEY, NUMBER, FACTS = 3, 10_000, 1000, 200, 10**15, 100
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def is_deep(document: Any) -> bool:
    """Tell whether arrays and objects are nested in more than MAX_DEPTH levels."""
    level, depth = [document] if isinstance(document, dict | list) else [], 0
    while level:
        depth += 1
        inner = [value.values() if isinstance(value, dict) else value for value in level]
        level = [item for items in inner for item in items if isinstance(item, dict | list)]
        if depth > MAX_DEPTH:
            return True
    return False


def is_modest(document: Any) -> bool:
    """Tell whether the facts of every stage are within the limits of depth and size."""
    stages = document.get("stages") if isinstance(document, dict) else None
    return isinstance(stages, dict) and all(
        isinstance(stage, dict)
        and len(stage) <= FACTS
        and _are_keys(stage)
        and all(_fits(value, LEVELS) for value in stage.values())
        for stage in stages.values()
    )


def _fits(value: Any, levels: int) -> bool:
    if isinstance(value, str):
        return len(value) <= TEXT
    if isinstance(value, int | float):
        return -NUMBER <= value <= NUMBER
    if isinstance(value, dict):
        return _are_keys(value) and _hold(value, value.values(), levels)
    if isinstance(value, list):
        return _hold(value, value, levels)
    return value is None


def _hold(whole: dict[str, Any] | list[Any], parts: Iterable[Any], levels: int) -> bool:
    return levels > 0 and len(whole) <= ITEMS and all(_fits(part, levels - 1) for part in parts)


def _are_keys(value: dict[str, Any]) -> bool:
    return all(len(key) <= KEY and not CONTROL.search(key) for key in value)
