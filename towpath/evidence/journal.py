"""An environment's files: the journal of a deployment, and its history.

Every write is on disk before the next action begins.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from towpath.core import documents
from towpath.core.errors import CommandFailedError

Entry = dict[str, Any]
# Deployments that an environment remembers: far more than a rollback ever asks for.
REMEMBERED = 200
# The lists of a history.
KINDS = ("releases", "migrations", "holds")
# Bytes of a journal's line or a history.
LIMIT = 64 << 20


class StateFiles(Protocol):
    """Where an environment's files are; a name is a path such as `releases.json`."""

    def read(self, name: str) -> bytes | None:
        """Return a file, or None without one."""

    def write(self, name: str, content: bytes, mode: int = 0o600) -> None:
        """Replace a file by a complete new one; it is on the disk when this returns."""

    def append(self, name: str, content: bytes) -> None:
        """Add to the end of a file, all of it or nothing; it is on the disk when this returns."""


class Journal:
    """The steps of one deployment, written before and after each; a new one replaces it."""

    def __init__(self, files: StateFiles, name: str) -> None:
        self._files, self._name = files, name

    def begin(self, plan: Mapping[str, Any]) -> None:
        """Start the journal of a deployment with what it is about to do.

        Raises CommandFailedError if it cannot be written.
        """
        self._files.write(self._name, (json.dumps(dict(plan)) + "\n").encode())

    def add(self, step: str, phase: str, **facts: Any) -> None:
        """Write that a step begins or is done.

        Raises CommandFailedError if it cannot be written.
        """
        line = json.dumps({"step": step, "phase": phase, **facts}) + "\n"
        self._files.append(self._name, line.encode())

    def read(self) -> list[Entry]:
        """Return the entries; a last line that a crash truncated is ignored.

        Raises CommandFailedError for a damaged journal.
        """
        lines = (self._files.read(self._name) or b"").split(b"\n")
        return [_parsed(line, self._name) for line in lines[:-1] if line]


class History:
    """What an environment has run, and what was done to its database, the oldest first."""

    def __init__(self, files: StateFiles, name: str) -> None:
        self._files, self._name = files, name

    def releases(self) -> list[Entry]:
        """Return one entry for each deployment that was completed.

        Raises CommandFailedError for a damaged history.
        """
        return list(self._read()["releases"])

    def migrations(self) -> list[Entry]:
        """Return one entry for each migration that was applied, with how it was judged.

        Raises CommandFailedError for a damaged history.
        """
        return list(self._read()["migrations"])

    def holds(self) -> list[Entry]:
        """Return one entry for each hold on a release, those that were taken off included.

        Raises CommandFailedError for a damaged history.
        """
        return list(self._read()["holds"])

    def held(self) -> list[Entry]:
        """Return the holds that nobody took off, the oldest first; raises CommandFailedError."""
        return [row for row in self.holds() if not row.get("resumed")]

    def set_holds(self, entries: Iterable[Entry]) -> None:
        """Replace the holds; the oldest beyond REMEMBERED are deleted.

        Raises CommandFailedError for a damaged history.
        """
        self._write({**self._read(), "holds": [*entries][-REMEMBERED:]})

    def add_release(self, entry: Entry) -> None:
        """Add a completed deployment; the oldest beyond REMEMBERED are deleted.

        Raises CommandFailedError for a damaged history.
        """
        found = self._read()
        self._write({**found, "releases": [*found["releases"], entry][-REMEMBERED:]})

    def add_migrations(self, entries: Iterable[Entry]) -> None:
        """Add migrations that are about to be applied; of one judged twice the later counts.

        Raises CommandFailedError for a damaged history.
        """
        found = self._read()
        rows = {row["name"]: row for row in [*found["migrations"], *entries]}
        self._write({**found, "migrations": list(rows.values())})

    def _read(self) -> dict[str, list[Entry]]:
        text = self._files.read(self._name)
        if text is None:
            return {name: [] for name in KINDS}
        found = _parsed(text, self._name)
        return {name: _rows(found, name, self._name) for name in KINDS}

    def _write(self, document: Entry) -> None:
        text = json.dumps(document, indent=1) + "\n"
        self._files.write(self._name, text.encode())


def _rows(document: Entry, name: str, path: str) -> list[Entry]:
    rows = document.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CommandFailedError(
            f"{path}, in the state of the environment, has an unexpected format.",
            why=f"Its {name} are not a list of objects.",
            next_step="Restore the file, or move it away if its content is not needed.",
        )
    return rows


def _parsed(text: bytes, path: str) -> Entry:
    try:
        found = documents.loads(text, LIMIT)
    except ValueError as error:
        raise CommandFailedError(
            f"Cannot read {path} in the state of the environment.",
            why=str(error),
            next_step="Restore the file, or move it away if its content is not needed.",
        ) from error
    if not isinstance(found, dict):
        raise CommandFailedError(
            f"{path}, in the state of the environment, has an unexpected format.",
            why=f"It contains {text[:80].decode('utf-8', 'replace')!r}.",
        )
    return found
