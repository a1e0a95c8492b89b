"""A project's changes to the policy: exceptions with an expiry date, and stricter limits. Pure.

An exception names a gate, an advisory or a hazard of a migration. A limit of the project may only
be stricter than the one in the table of gates.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from towpath import gates
from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest

# The ids of advisories: CVE, GitHub, the Python Packaging Authority, OSV, OSSF's malicious
# packages, safety, Debian. The last is our own id of a pending security update.
_ADVISORY = re.compile(
    r"CVE-\d{4}-\d{4,}"
    r"|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}"
    r"|(?:PYSEC|OSV|PVE)-\d{4}-\d+"
    r"|MAL-\d{4}-\d+"
    r"|SAFETY-\d+"
    r"|D[SL]A-\d+(?:-\d+)?"
    r"|DEBIAN-SECURITY"
)
# Reasons to refuse a release: a source of advisories, by its address, and an excluded test.
SOURCE, EXCLUDED = "SOURCE:", "EXCLUDED:"
# The name of EXCLUDED in settings that were written for earlier versions.
_EXCLUDED_BEFORE = "LEFT_OUT:"
_ACCEPTING = (SOURCE, EXCLUDED, _EXCLUDED_BEFORE)
_MIGRATION = re.compile(r"([A-Z_]+)(?::[a-z_][a-z0-9_]*\.\w+)?")


@dataclass(frozen=True)
class Waiver:
    """A reviewed exception: what it excuses, a reason, and the day it ends."""

    id: str
    reason: str
    expires: dt.date

    @property
    def note(self) -> str:
        """The text of the waiver in a verdict: the reason and the last day."""
        return f"{self.reason} (until {self.expires.isoformat()})"

    def as_json(self) -> dict[str, str]:
        """Return plain values, for the policy's hash."""
        return {
            "id": self.id,
            "reason": self.reason,
            "expires": self.expires.isoformat(),
        }


def accepts(name: str) -> bool:
    """Tell whether a waiver of this id accepts what a release is otherwise refused for."""
    return any(name.startswith(kind) and name != kind for kind in _ACCEPTING)


def acceptances(waivers: Iterable[Waiver]) -> dict[str, str]:
    """Return the notes of the waivers that accept what a release is refused for, by their ids."""
    rows = {row.id: row.note for row in waivers if accepts(row.id)}
    before = len(_EXCLUDED_BEFORE)
    return {
        (f"{EXCLUDED}{name[before:]}" if name.startswith(_EXCLUDED_BEFORE) else name): note
        for name, note in rows.items()
    }


def accepted_sources(waivers: Iterable[Waiver]) -> dict[str, str]:
    """Return the notes of the waivers that accept a source of advisories, by its address."""
    found = acceptances(waivers)
    return {
        name.removeprefix(SOURCE): note for name, note in found.items() if name.startswith(SOURCE)
    }


def is_advisory(name: str) -> bool:
    """Tell whether a name has the form of an advisory's id."""
    return bool(_ADVISORY.fullmatch(name))


def advisory_notes(waivers: Iterable[Waiver]) -> dict[str, str]:
    """Return the notes of the waivers that name an advisory, by its id."""
    return {row.id: row.note for row in waivers if is_advisory(row.id)}


def unused_warning(name: str) -> str:
    """Return the warning about a waiver of an advisory that no source reports any more."""
    return (
        f"The waiver of {name} is not needed here: no source reports it for what was checked."
        " If neither `nox -s security` nor `invoke scan` needs it, remove it."
    )


def require_known(waivers: Iterable[Waiver], hazards: Collection[str]) -> None:
    """Raise ConfigurationError for a waiver of something that does not exist.

    `hazards` are the codes of migration hazards.
    """
    codes = [rule.code for rule in gates.known()]
    for row in waivers:
        match = _MIGRATION.fullmatch(row.id)
        known = row.id in codes or (match and match[1] in hazards)
        if not known and not is_advisory(row.id) and not accepts(row.id):
            raise ConfigurationError(
                f"A waiver has the id {row.id!r}, which is not a gate, an advisory or a migration"
                f" hazard.{nearest(row.id.upper().partition(':')[0], [*codes, *hazards])}",
                why="Advisory ids are CVE-2026-12345, GHSA-..., PYSEC-..., OSV-..., PVE-..."
                " or SAFETY-12345; a source of advisories is SOURCE:address.",
                next_step="Run `invoke gates.list` for the gates.",
            )


def require_in_force(waivers: Iterable[Waiver], today: dt.date) -> None:
    """Raise ConfigurationError for a waiver whose last day is over."""
    for row in waivers:
        if row.expires < today:
            raise ConfigurationError(
                f"The waiver of {row.id} expired on {row.expires.isoformat()}.",
                why=f"Its reason was: {row.reason}",
                next_step="Fix the finding, or renew the waiver after review.",
            )


def require_strict(limits: Mapping[str, float], where: str) -> None:
    """Raise ConfigurationError for an unknown gate, and for a limit that is less strict."""
    for code, limit in limits.items():
        rule = next((row for row in gates.known() if row.code == code), None)
        if rule is None:
            raise ConfigurationError(
                f"{where}.{code} in pyproject.toml is not a gate."
                f"{nearest(code.upper(), [row.code for row in gates.known()])}",
                next_step="Run `invoke gates.list` for the gates.",
            )
        if not rule.is_met_by(limit):
            raise ConfigurationError(
                f"{where}.{code} in pyproject.toml is {limit:g}, which is less strict "
                f"than {rule}.",
                why="A project can only make gates stricter.",
                next_step="Remove it, or waive the gate with a reason and an expiry date.",
            )
