"""What a project may say about the policy: exceptions with a last day, and limits of its own. Pure.

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

# How those write their ids who keep advisories: CVE, GitHub, the Python Packaging Authority, OSV,
# OSSF's malicious packages, safety, Debian. The last is what a scan calls a pending update.
_ADVISORY = re.compile(
    r"CVE-\d{4}-\d{4,}"
    r"|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}"
    r"|(?:PYSEC|OSV|PVE)-\d{4}-\d+"
    r"|MAL-\d{4}-\d+"
    r"|SAFETY-\d+"
    r"|D[SL]A-\d+(?:-\d+)?"
    r"|DEBIAN-SECURITY"
)
# What a release is refused for: a source of advisories, by its address, and a part of the tests.
SOURCE, LEFT_OUT = "SOURCE:", "LEFT_OUT:"
_MIGRATION = re.compile(r"([A-Z_]+)(?::[a-z_][a-z0-9_]*\.\w+)?")


@dataclass(frozen=True)
class Waiver:
    """A reviewed exception: what it excuses, a reason, and the day it ends."""

    id: str
    reason: str
    expires: dt.date

    @property
    def note(self) -> str:
        """The waiver's words for a verdict: the reason and the last day."""
        return f"{self.reason} (until {self.expires.isoformat()})"

    def as_json(self) -> dict[str, str]:
        """Return plain values, for the policy's hash."""
        return {"id": self.id, "reason": self.reason, "expires": self.expires.isoformat()}


def accepts(name: str) -> bool:
    """Tell whether a waiver of this id accepts what a release is otherwise refused for."""
    return any(name.startswith(kind) and name != kind for kind in (SOURCE, LEFT_OUT))


def acceptances(waivers: Iterable[Waiver]) -> dict[str, str]:
    """Return the notes of the waivers that accept what a release is refused for, by their ids."""
    return {row.id: row.note for row in waivers if accepts(row.id)}


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
    """Return the words for a waiver of an advisory that nobody names any more."""
    return (
        f"The waiver of {name} excuses nothing here: no source names it for what was looked at."
        " If neither `nox -s security` nor `invoke scan` needs it, take it out."
    )


def require_known(waivers: Iterable[Waiver], hazards: Collection[str]) -> None:
    """Raise ConfigurationError for a waiver of something that nobody ever asks about.

    `hazards` are the codes of what a migration may do wrong.
    """
    codes = [rule.code for rule in gates.known()]
    for row in waivers:
        match = _MIGRATION.fullmatch(row.id)
        known = row.id in codes or (match and match[1] in hazards)
        if not known and not is_advisory(row.id) and not accepts(row.id):
            raise ConfigurationError(
                f"A waiver names {row.id!r}, which is no gate, no advisory and no hazard of a"
                f" migration.{nearest(row.id.upper().partition(':')[0], [*codes, *hazards])}",
                why="Advisories are named as CVE-2026-12345, GHSA-..., PYSEC-..., OSV-..., PVE-...,"
                " or SAFETY-12345; a source of advisories as SOURCE:address.",
                next_step="`invoke gates.list` names the gates.",
            )


def require_in_force(waivers: Iterable[Waiver], today: dt.date) -> None:
    """Raise ConfigurationError for a waiver whose last day is over."""
    for row in waivers:
        if row.expires < today:
            raise ConfigurationError(
                f"The waiver of {row.id} expired on {row.expires.isoformat()}.",
                why=f"Its reason was: {row.reason}",
                next_step="Mend what it excused, or have it reviewed and extended.",
            )


def require_strict(limits: Mapping[str, float], where: str) -> None:
    """Raise ConfigurationError for a limit of no gate, and for one that lets more pass."""
    for code, limit in limits.items():
        rule = next((row for row in gates.known() if row.code == code), None)
        if rule is None:
            raise ConfigurationError(
                f"{where}.{code} in pyproject.toml is a limit of no gate."
                f"{nearest(code.upper(), [row.code for row in gates.known()])}",
                next_step="`invoke gates.list` names the gates.",
            )
        if not rule.is_met_by(limit):
            raise ConfigurationError(
                f"{where}.{code} in pyproject.toml is {limit:g}, which lets more pass than {rule}.",
                why="A project may only be stricter than the table of gates.",
                next_step="Take it out, or waive the gate with a reason and a last day.",
            )
