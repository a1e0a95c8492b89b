"""Read the output of the migration program in the container. Pure.

The program is `towpath/product/migrate.py`; the container may print anything. An incomplete or
unexpected answer raises NothingToJudgeError.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from towpath.core import documents
from towpath.core.errors import NothingToJudgeError
from towpath.deployment.migrations.rules import Migration, MigrationPlan

# Limits of an answer: bytes, rows, characters of a name. Hundreds of migrations take 100 KB.
LONGEST, MANY, WORDY = 32 << 20, 50_000, 500
_NAME = re.compile(r"[^\W\d]\w*\.[\w.-]+")
_VENDOR = re.compile(r"[a-z][a-z0-9_]*")
_HASH = re.compile(r"[0-9a-z]*")
# What describes an operation, and a column, by the type of each fact.
_OPERATION = {
    **dict.fromkeys(("kind", "model", "target", "constraint"), str),
    **dict.fromkeys(("new", "reversible", "renamed", "value", "dropped", "silent"), bool),
    **dict.fromkeys(("altered", "atomic"), bool),
}
_COLUMN = {
    **dict.fromkeys(("through", "check", "collation", "identity", "references"), str),
    **dict.fromkeys(("null", "default", "db_default", "volatile", "generated", "stored"), bool),
    **dict.fromkeys(("unique", "primary_key", "index", "many_to_many", "referenced"), bool),
}
_OPTIONAL = ("column", "type")


def plan(text: str) -> MigrationPlan:
    """Read the answer to `plan`; raises NothingToJudgeError for an invalid one."""
    found = _last_object(text)
    try:
        return MigrationPlan(
            vendor=_word(found["vendor"], _VENDOR),
            leaves=_names(found["leaves"]),
            empty=_exactly(found["empty"], bool),
            unknown=_names(found["unknown"]),
            pending=tuple(_migration(row) for row in _list(found["pending"])),
            hash=_word(found["hash"], _HASH),
            newer=_names(found["newer"]) if "newer" in found else None,
            replaced=_names(found.get("replaced", [])),
            conflicts=tuple(_names(row) for row in _list(found.get("conflicts", []))),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(documents.reason(error)[:300]) from error


def applied(text: str) -> tuple[str, ...]:
    """Return the names of applied migrations; raises NothingToJudgeError if invalid."""
    found = _last_object(text)
    if not isinstance(found.get("applied"), list):
        raise _unreadable("missing field 'applied'")
    try:
        return _names(found["applied"])
    except ValueError as error:
        raise _unreadable(documents.reason(error)[:300]) from error


def _migration(row: Any) -> Migration:
    document = _exactly(row, dict)
    operations = tuple(_operation(found) for found in _list(document["do"]))
    return Migration(_word(document["name"], _NAME), operations)


def _operation(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = _exactly(row, dict)
    _facts(found, _OPERATION)
    if not found["kind"]:
        raise ValueError("an operation has no kind")
    _facts(_exactly(found.get("options", {}), dict), {"managed": bool, "proxy": bool})
    for side in ("before", "after"):
        if found.get(side) is not None:
            _column(_exactly(found[side], dict))
    return found


def _column(found: dict[str, Any]) -> None:
    _facts(found, _COLUMN)
    for name in _OPTIONAL:
        if found.get(name) is not None:
            _facts(found, {name: str})


def _facts(found: dict[str, Any], kinds: dict[str, type]) -> None:
    """Raise ValueError for a fact of another type than its own, and for words without an end."""
    for name, kind in kinds.items():
        if name in found:
            value = _exactly(found[name], kind)
            if isinstance(value, str) and (len(value) > WORDY or not _printable(value)):
                raise ValueError(f"{name} is {value[:80]!r}")


def _printable(text: str) -> bool:
    return text.isprintable() or not text


def _exactly(value: Any, kind: Callable[..., Any]) -> Any:
    if type(value) is not kind:
        raise ValueError(f"it has {str(value)[:80]!r}, which is no {getattr(kind, '__name__', '')}")
    return value


def _list(value: Any) -> list[Any]:
    rows: list[Any] = _exactly(value, list)
    if len(rows) > MANY:
        raise ValueError(f"it has {len(rows)} rows")
    return rows


def _names(value: Any) -> tuple[str, ...]:
    return tuple(_word(row, _NAME) for row in _list(value))


def _word(value: Any, form: re.Pattern[str]) -> str:
    text: str = _exactly(value, str)
    if len(text) > WORDY or not form.fullmatch(text):
        raise ValueError(f"it has the name {text[:80]!r}")
    return text


def _last_object(text: str) -> dict[str, Any]:
    line = text.rstrip()
    line = line[max(line.rfind("\n"), line.rfind("\r")) + 1 :]
    if len(line) > LONGEST:
        raise _unreadable(f"it has {len(line)} characters")
    try:
        found = documents.loads(line, LONGEST)
    except ValueError as error:
        raise _unreadable(
            f"{documents.reason(error)[:300]} Its end: {text.strip()[-200:]!r}"
        ) from error
    if not isinstance(found, dict):
        raise _unreadable(f"not a JSON object: {line[:200]!r}")
    return found


def _unreadable(why: str) -> NothingToJudgeError:
    return NothingToJudgeError("Invalid answer of the release about its migrations.", why=why)
