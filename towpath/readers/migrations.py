"""What the program inside the container says of migrations -> a plan. Pure.

The program is `towpath/inside/migrate.py`. Whatever is not its whole answer raises
NothingToJudgeError.
"""

from __future__ import annotations

import json
from typing import Any

from towpath.errors import NothingToJudgeError
from towpath.migrations import Migration, Plan


def plan(text: str) -> Plan:
    """Read the answer to `plan`."""
    found = _last_object(text)
    try:
        return Plan(
            vendor=str(found["vendor"]),
            leaves=tuple(found["leaves"]),
            empty=bool(found["empty"]),
            unknown=tuple(found["unknown"]),
            pending=tuple(Migration(row["name"], tuple(row["do"])) for row in found["pending"]),
            hash=str(found["hash"]),
        )
    except (KeyError, TypeError) as error:
        raise _unreadable(repr(error)) from error


def applied(text: str) -> tuple[str, ...]:
    """Read the answer to `apply`: the names of the migrations that were applied."""
    found = _last_object(text)
    if not isinstance(found.get("applied"), list):
        raise _unreadable("it names no applied migrations")
    return tuple(found["applied"])


def _last_object(text: str) -> dict[str, Any]:
    lines = text.strip().splitlines()
    try:
        found = json.loads(lines[-1] if lines else "")
    except ValueError as error:
        raise _unreadable(f"{error}: {text.strip()[-200:]!r}") from error
    if not isinstance(found, dict):
        raise _unreadable(f"it is no object: {lines[-1][:200]!r}")
    return found


def _unreadable(why: str) -> NothingToJudgeError:
    return NothingToJudgeError("The release's answer about its migrations is not whole.", why=why)
