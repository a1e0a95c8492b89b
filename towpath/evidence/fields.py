"""The fields of a statement as they come from outside: each typed and bounded. Pure.

A field that is missing, unknown or of another type raises ValueError with a readable reason.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from towpath.gates import Status

TIME = "%Y-%m-%dT%H:%M:%SZ"
# The largest number of attempts, and seconds: one year.
ATTEMPTS, SECONDS = 9999, 366 * 86400

_STAGE = re.compile(r"[a-z][a-z0-9-]{0,63}")
_HASH = re.compile(r"[0-9a-f]{64}")
# It is a part of a file's name on disk.
_INPUTS = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_-]{0,127}")
# Fields that have another name in a statement of ours.
_ATTRIBUTES = {"carries": "reuses"}
_VERDICT = ("gate", "stage", "status", "value", "limit", "direction", "reason")


def moment(text: str) -> dt.datetime:
    """Read the time of a statement, which is UTC; raises ValueError for any other form."""
    found = dt.datetime.strptime(text, TIME).replace(tzinfo=dt.UTC)
    if found.strftime(TIME) != text:
        raise ValueError(f"{text!r} is not in the time format of statements")
    return found


def checked(predicate: object) -> dict[str, Any]:
    """Return the fields of a predicate, ready to make a statement of."""
    if not isinstance(predicate, Mapping):
        raise ValueError("its predicate is not an object")
    for name in predicate:
        if name not in _FIELDS:
            raise ValueError(f"its predicate has an unknown field {str(name)[:80]!r}")
    found = {}
    for name, read in _FIELDS.items():
        if name not in predicate:
            raise ValueError(f"its predicate has no {name}")
        found[_ATTRIBUTES.get(name, name)] = read(name, predicate[name])
    return found


def subject(rows: object) -> tuple[str, dict[str, str]]:
    """Return the name and the digests of the only subject."""
    if not isinstance(rows, list) or len(rows) != 1:
        raise ValueError("it does not have exactly one subject")
    (row,) = rows
    if not isinstance(row, Mapping) or set(row) != {"name", "digest"}:
        raise ValueError("its subject is not a name and a digest")
    digest = _texts("the subject's digest", row["digest"])
    if not digest:
        raise ValueError("its subject has no digest")
    return _text("the subject's name", row["name"]), digest


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is {_shown(value)}, not a string")
    return value


def _matching(pattern: re.Pattern[str], what: str, *, empty: bool = False) -> Callable[..., str]:
    def read(name: str, value: object) -> str:
        text = _text(name, value)
        if not (pattern.fullmatch(text) or (empty and not text)):
            raise ValueError(f"{name} is {_shown(text)}, not {what}")
        return text

    return read


def _status(name: str, value: object) -> Status:
    text = _text(name, value)
    if text not in set(Status):
        raise ValueError(f"{name} is {_shown(text)}, not one of {', '.join(Status)}")
    return Status(text)


def _attempt(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= ATTEMPTS:
        raise ValueError(f"{name} is {_shown(value)}, not a number from 1 to {ATTEMPTS}")
    return value


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is {_shown(value)}, not a number")
    return value


def _seconds(name: str, value: object) -> float:
    number = _number(name, value)
    if not 0 <= number <= SECONDS:
        raise ValueError(f"{name} is {_shown(value)}, not seconds from 0 to {SECONDS}")
    return number


def _started(name: str, value: object) -> str:
    text = _text(name, value)
    try:
        moment(text)
    except ValueError:
        raise ValueError(
            f"{name} is {_shown(text)}, not a time in UTC such as 2026-11-24T21:00:00Z"
        ) from None
    return text


def _object(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is {_shown(value)}, not an object")
    return dict(value)


def _texts(name: str, value: object) -> dict[str, str]:
    return {key: _text(f"{name}.{key[:80]}", inner) for key, inner in _object(name, value).items()}


def _hashes(name: str, value: object) -> dict[str, str]:
    read = _matching(_HASH, "a sha256")
    return {key: read(f"{name}.{key[:80]}", row) for key, row in _object(name, value).items()}


def _reuses(name: str, value: object) -> dict[str, str]:
    found = _texts(name, value)
    if found and not _HASH.fullmatch(found.get("sha256", "")):
        raise ValueError(f"{name} does not have the sha256 of a statement")
    return found


def _verdicts(name: str, value: object) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list):
        raise ValueError(f"{name} is {_shown(value)}, not a list")
    return tuple(_verdict(f"{name}[{number}]", row) for number, row in enumerate(value))


def _verdict(name: str, value: object) -> dict[str, Any]:
    row = _object(name, value)
    if set(row) != set(_VERDICT):
        raise ValueError(f"{name} does not have the fields {', '.join(_VERDICT)}")
    for key in ("gate", "stage", "direction", "reason"):
        _text(f"{name}.{key}", row[key])
    _status(f"{name}.status", row["status"])
    _number(f"{name}.limit", row["limit"])
    if row["value"] is not None:
        _number(f"{name}.value", row["value"])
    return row


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


_FIELDS: Mapping[str, Callable[[str, Any], Any]] = {
    "stage": _matching(_STAGE, "a stage name"),
    "status": _status,
    "reason": _text,
    "attempt": _attempt,
    "repeats": _matching(_HASH, "a sha256", empty=True),
    "started": _started,
    "duration": _seconds,
    "policy": _text,
    "inputs": _matching(_INPUTS, "a hash"),
    "facts": _object,
    "verdicts": _verdicts,
    "tools": _texts,
    "artifacts": _hashes,
    "carries": _reuses,
}
