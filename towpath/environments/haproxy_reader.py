"""Answers of HAProxy's runtime API -> slots of a backend, counts of a frontend. Pure.

Source: HAProxy 3.0 management guide, "show stat" and "show servers state". An answer that is not
what it must be raises NothingToJudgeError; it never reads as an empty proxy.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

from towpath.core import documents
from towpath.core.errors import NothingToJudgeError

FORCED_MAINTENANCE, FORCED_DRAIN = 0x01, 0x08
EMPTY = "localhost"
FAILURES = ("hrsp_5xx", "econ", "eresp")
RESPONSES = ("hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other")
ANSWERS = ("hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_other", *FAILURES)


@dataclass(frozen=True)
class Slot:
    """One place for a server in the proxy. `host` is a container's name, or empty.

    `state` is what the deployer asked for: ready, drain or maint. `up` is whether the proxy sends
    requests there. `answers` and `failures` count since the proxy started.
    """

    name: str
    host: str
    state: str
    up: bool
    sessions: int
    answers: int
    failures: int


def slots(text: str, backend: str) -> list[Slot]:
    """Read the slots of a backend out of `show servers state` and `show stat`, asked at once.

    Raises NothingToJudgeError for an answer without the expected columns, or without slots of the
    backend.
    """
    try:
        counters = {
            row["svname"]: row
            for row in _rows(text, "# pxname", ",")
            if row["pxname"] == backend and row["svname"] not in ("FRONTEND", "BACKEND")
        }
        found = [
            _slot(row, counters.get(row["srv_name"], {}))
            for row in _rows(text, "# be_id", " ")
            if row["be_name"] == backend
        ]
    except KeyError as error:
        raise NothingToJudgeError(f"HAProxy's answer has no column {error}.") from error
    except csv.Error as error:
        raise NothingToJudgeError("Cannot read HAProxy's table.", why=str(error)) from error
    if not found:
        raise NothingToJudgeError(
            f"HAProxy has no slots for the backend {backend}.", why=text[:200]
        )
    return found


@dataclass(frozen=True)
class ResponseCount:
    """The responses that a frontend has sent since the proxy started, and server errors (5xx)."""

    responses: int
    errors: int


def responses(text: str, frontend: str) -> ResponseCount:
    """Read what a frontend has answered out of `show stat`.

    Raises NothingToJudgeError for an answer without it.
    """
    try:
        for row in _rows(text, "# pxname", ","):
            if (row["pxname"], row["svname"]) == (frontend, "FRONTEND"):
                counts = {name: int(row[name] or 0) for name in RESPONSES}
                return ResponseCount(sum(counts.values()), counts["hrsp_5xx"])
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise NothingToJudgeError(
            f"HAProxy's statistics of the frontend {frontend} cannot be read.",
            why=documents.reason(error),
            next_step="Run `invoke deploy`, which starts the proxy with its own configuration.",
        ) from error
    raise NothingToJudgeError(f"HAProxy has no frontend {frontend}.", why=text[:200])


def _rows(text: str, start: str, delimiter: str) -> list[dict[str, str]]:
    """Return the table whose head begins with `start`; it ends at the next empty line."""
    head, found, rest = text.partition(start)
    if not found or (head and not head.endswith("\n")):
        raise NothingToJudgeError("HAProxy's answer is not a table.", why=text[:200] or "empty")
    table = (start.removeprefix("# ") + rest).split("\n\n", 1)[0]
    return list(csv.DictReader(table.splitlines(), delimiter=delimiter))


def _slot(state: dict[str, str], counters: dict[str, str]) -> Slot:
    try:
        host, admin = state["srv_fqdn"], int(state["srv_admin_state"])
        return Slot(
            name=state["srv_name"],
            host="" if host in (EMPTY, "-") else host,
            state=_wanted(admin),
            up=counters["status"].startswith("UP"),
            sessions=int(counters["scur"] or 0) + int(counters["qcur"] or 0),
            answers=sum(int(counters[name] or 0) for name in ANSWERS),
            failures=sum(int(counters[name] or 0) for name in FAILURES),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise NothingToJudgeError(
            f"Cannot read HAProxy's answer about {state['srv_name']}.",
            why=documents.reason(error),
        ) from error


def _wanted(admin: int) -> str:
    if admin & FORCED_MAINTENANCE:
        return "maint"
    return "drain" if admin & FORCED_DRAIN else "ready"
