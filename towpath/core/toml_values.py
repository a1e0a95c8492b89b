"""Words for reading a table of pyproject.toml: a wrong key or value names its path. Pure."""

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


def strings(value: Any, where: str, what: str = "kinds of files") -> tuple[str, ...]:
    """Return a list of texts, else raise ConfigurationError."""
    if not isinstance(value, list):
        raise wrong(where, f"a list of {what}", value)
    return tuple(typed(row, str, where) for row in value)


def typed(value: Any, kind: type[T], where: str) -> T:
    """Return a value of this type, else raise ConfigurationError; a boolean is no number."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise wrong(where, {int: "a whole number", str: "a string"}.get(kind, kind.__name__), value)
    return value


def wrong(where: str, wanted: str, value: object) -> ConfigurationError:
    """Return the error of a value that is not what it must be."""
    return ConfigurationError(f"{where} in pyproject.toml must be {wanted}, not {value!r}.")
