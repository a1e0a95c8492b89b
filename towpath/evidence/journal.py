"""An environment's files: the journal of a deployment, and its history.

Every write is on disk before the next action begins.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from towpath.core import documents, private
from towpath.core.errors import CommandFailedError

Entry = dict[str, Any]
# Deployments that an environment remembers: far more than a rollback ever asks for.
REMEMBERED = 200
# The lists of a history.
KINDS = ("releases", "migrations", "holds")
# Bytes of a journal's line or a history.
LIMIT = 64 << 20


class Journal:
    """The steps of one deployment, written before and after each; a new one replaces it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, plan: Mapping[str, Any]) -> None:
        """Start the journal of a deployment with what it is about to do.

        Raises ConfigurationError if the state directory cannot be used.
        """
        private.write_private(self.path, json.dumps(dict(plan)) + "\n")

    def add(self, step: str, phase: str, **facts: Any) -> None:
        """Write that a step begins or is done.

        Raises ConfigurationError if the state directory cannot be used.
        """
        line = json.dumps({"step": step, "phase": phase, **facts}) + "\n"
        private.append(self.path, line.encode())

    def read(self) -> list[Entry]:
        """Return the entries; a last line that a crash truncated is ignored.

        Raises CommandFailedError for a damaged journal.
        """
        if not self.path.exists():
            return []
        lines = self.path.read_bytes().split(b"\n")
        return [_parsed(line, self.path) for line in lines[:-1] if line]


class History:
    """What an environment has run, and what was done to its database, the oldest first."""

    def __init__(self, path: Path) -> None:
        self.path = path

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
        if not self.path.exists():
            return {name: [] for name in KINDS}
        found = _parsed(self.path.read_bytes(), self.path)
        return {name: _rows(found, name, self.path) for name in KINDS}

    def _write(self, document: Entry) -> None:
        private.write_private(self.path, json.dumps(document, indent=1) + "\n")


def _rows(document: Entry, name: str, path: Path) -> list[Entry]:
    rows = document.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CommandFailedError(
            f"{path} has an unexpected format.",
            why=f"Its {name} are not a list of objects.",
            next_step="Restore the file, or move it away if its content is not needed.",
        )
    return rows


def _parsed(text: bytes, path: Path) -> Entry:
    try:
        found = documents.loads(text, LIMIT)
    except ValueError as error:
        raise CommandFailedError(
            f"Cannot read {path}.",
            why=str(error),
            next_step="Restore the file, or move it away if its content is not needed.",
        ) from error
    if not isinstance(found, dict):
        raise CommandFailedError(
            f"{path} has an unexpected format.",
            why=f"It contains {text[:80].decode('utf-8', 'replace')!r}.",
        )
    return found
