"""Readers of values in pyproject.toml: an error names the path of the key. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest

T = TypeVar("T")


def checked(table: Any, known: set[str], where: str) -> Mapping[str, Any]:
    """Return a table that has no other keys than these, else raise ConfigurationError."""
    if not isinstance(table, Mapping):
        raise wrong(where, "a table", table)
    for key in table:
        if key not in known:
            raise ConfigurationError(
                f"Unknown key {where}.{key} in pyproject.toml.{nearest(key, known)}",
                why=f"{where} takes {', '.join(sorted(known))}.",
            )
    return table


def strings(value: Any, where: str, what: str = "file types") -> tuple[str, ...]:
    """Return a list of strings, else raise ConfigurationError; `what` names its elements."""
    if not isinstance(value, list):
        raise wrong(where, f"a list of {what}", value)
    return tuple(typed(row, str, where) for row in value)


def typed(value: Any, kind: type[T], where: str) -> T:
    """Return a value of this type, else raise ConfigurationError; a boolean is no number."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        words: dict[type, str] = {int: "an integer", str: "a string", bool: "true or false"}
        raise wrong(where, words.get(kind, kind.__name__), value)
    return value


def wrong(where: str, expected: str, value: object) -> ConfigurationError:
    """Return the error for an invalid value; `expected` describes a valid one."""
    return ConfigurationError(f"{where} in pyproject.toml must be {expected}, not {value!r}.")
