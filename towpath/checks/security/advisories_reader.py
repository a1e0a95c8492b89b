"""Advisories for dependencies, in one form for all sources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True)
class Advisory:
    """A known weakness of one version of a package; `aliases` are its other ids."""

    id: str
    package: str
    version: str
    severity: str
    summary: str
    aliases: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Advisory:
        """Return an advisory from plain values; raises TypeError or KeyError for others."""
        return cls(**{**fields, "aliases": tuple(fields["aliases"])})

    def waived(self, notes: Mapping[str, str]) -> str:
        """Return the note of the waiver that names it by any of its ids, or an empty string."""
        return next((notes[name] for name in (self.id, *self.aliases) if name in notes), "")

    def __str__(self) -> str:
        return f"{self.id}: {self.words()}"

    def words(self) -> str:
        """Return all but the id in one line."""
        return f"{self.package} {self.version} ({self.severity}) {self.summary}"


def severity(word: object) -> str:
    """Return one of our four severities; an unrated advisory counts as high."""
    known = str(word).lower()
    return {"moderate": "medium"}.get(known, known if known in SEVERITIES else "high")


def unused(names: Iterable[str], rows: Iterable[Advisory]) -> list[str]:
    """Return those of the names that no advisory has."""
    found = {name for row in rows for name in (row.id, *row.aliases)}
    return [name for name in names if name not in found]


def by_severity(rows: Iterable[Advisory]) -> dict[str, int]:
    """Return how many advisories there are of each severity, zeros included."""
    counts = Counter(row.severity for row in rows)
    return {name: counts[name] for name in SEVERITIES}


def canonical(name: str) -> str:
    """Return a package's name as an index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def unchecked(pins: Sequence[tuple[str, str]], checked: Iterable[tuple[str, str]]) -> str:
    """Return a message about pins that a source did not check; empty if it checked all."""
    seen = {(canonical(name), version) for name, version in checked}
    missed = [
        f"{name}=={version}" for name, version in pins if (canonical(name), version) not in seen
    ]
    some = ", ".join(missed[:3]) + (", ..." if len(missed) > 3 else "")
    return f"It did not check {len(missed)} of {len(pins)} pins: {some}" if missed else ""
