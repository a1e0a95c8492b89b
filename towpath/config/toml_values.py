"""Readers of values in pyproject.toml: an error names the path of the key. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
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


def section(
    table: Any,
    kind: type,
    where: str,
    excluded: tuple[str, ...] = (),
    more: Mapping[str, Callable[..., Any]] | None = None,
) -> dict[str, Any]:
    """Return the values of a table by the names of a dataclass's fields, each of its type.

    A key has a hyphen where a field has an underscore. `excluded` are fields that are no keys, and
    `more` has readers for further types of fields. Raises ConfigurationError.
    """
    known = {row.name.replace("_", "-"): row for row in fields(kind) if row.name not in excluded}
    readers = {**_READERS, **(more or {})}
    return {
        known[key].name: readers[str(known[key].type)](value, where=f"{where}.{key}")
        for key, value in checked(table, set(known), where).items()
    }


def count(value: Any, where: str) -> int:
    """Return an integer of at least 0; raises ConfigurationError for anything else."""
    if typed(value, int, where) < 0:
        raise wrong(where, "0 or more", value)
    return int(value)


def below(value: Any, where: str, what: str = "a file") -> str:
    """Return a path inside the project; raises ConfigurationError for one that leads out of it."""
    path = typed(value, str, where)
    if path.startswith("/") or ".." in path.split("/") or "\\" in path:
        raise wrong(where, f"{what} of the project", path)
    return path.rstrip("/") or "."


def typed(value: Any, kind: type[T], where: str) -> T:
    """Return a value of this type, else raise ConfigurationError; a boolean is no number."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        words: dict[type, str] = {
            int: "an integer",
            str: "a string",
            bool: "true or false",
        }
        raise wrong(where, words.get(kind, kind.__name__), value)
    return value


def wrong(where: str, expected: str, value: object) -> ConfigurationError:
    """Return the error for an invalid value; `expected` describes a valid one."""
    return ConfigurationError(f"{where} in pyproject.toml must be {expected}, not {value!r}.")


# How a value is read, by the type of its field.
_READERS: Mapping[str, Callable[..., Any]] = {
    "int": count,
    "str": partial(typed, kind=str),
    "bool": partial(typed, kind=bool),
    "tuple[str, ...]": partial(strings, what="strings"),
}
