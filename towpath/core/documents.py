"""JSON that comes from outside: bounded in size and depth, every key once, finite numbers. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

# Bytes of a document, levels of nesting, digits of an integer: more than real documents have.
BYTES, DEPTH, DIGITS = 4 << 20, 32, 18


def loads(raw: bytes | str, limit: int = BYTES, depth: int = DEPTH) -> Any:
    """Return the content of a JSON document; `limit` is in bytes, `depth` in levels of nesting.

    Raises ValueError, with a readable reason, for a document that is ambiguous (duplicate keys), or
    larger or deeper than the limits.
    """
    if len(raw) > limit:
        raise ValueError(f"it has {len(raw)} bytes; the limit is {limit}")
    text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
    try:
        document = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except RecursionError:
        raise _too_deep(depth) from None
    _require_plain(document, depth)
    return document


def reason(error: Exception) -> str:
    """Return in a sentence why a document could not be followed, from what Python raised.

    `error` is of the reader: a field that is missing or of another type, or a ValueError, whose
    words say what is wrong.
    """
    text = str(error)
    if isinstance(error, KeyError):
        return f"The field {text} is missing."
    if isinstance(error, StopIteration):
        return "An entry is missing."
    if isinstance(error, TypeError | AttributeError | LookupError | ArithmeticError):
        return f"A field is invalid ({text})."
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else f"{type(error).__name__}."


def finite(value: Any) -> Any:
    """Return plain values with every number that is not finite replaced by None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value


def _require_plain(document: Any, depth: int) -> None:
    """Raise ValueError for a document that is nested too deep or has an unpaired surrogate."""
    left = [(document, 1)]
    while left:
        value, level = left.pop()
        if isinstance(value, str):
            _require_text(value)
        elif isinstance(value, dict | list):
            if level > depth:
                raise _too_deep(depth)
            left += [(inner, level + 1) for inner in _inside(value)]


def _inside(value: dict[str, Any] | list[Any]) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    else:
        yield from value


def _require_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a string has an unpaired surrogate") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:80]!r} appears twice")
    return unique


def _constant(name: str) -> None:
    raise ValueError(f"{name} is not valid JSON")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _int(text: str) -> int:
    if len(text.lstrip("-")) > DIGITS:
        raise ValueError(f"an integer has more than {DIGITS} digits")
    return int(text)


def _too_deep(depth: int) -> ValueError:
    return ValueError(f"it is nested more than {depth} levels deep")
