"""Which release a rollback goes back to, and which migrations keep a release from running. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def rollback_target(history: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the release to roll back to: the previous one, ignoring those that were rolled back.

    A second rollback goes further back, never forward to a release that was rolled back.
    """
    trail: list[Mapping[str, Any]] = []
    for entry in history:
        if entry["kind"] == "rollback":
            trail = _up_to(trail, entry["digest"])
        elif not trail or trail[-1]["digest"] != entry["digest"]:
            trail.append(entry)
    return trail[-2] if len(trail) > 1 else None


def moved_past(
    releases: Sequence[Mapping[str, Any]],
    migrations: Sequence[Mapping[str, Any]],
    digest: str,
    unknown: Sequence[str],
    newer: Sequence[str] | None = None,
) -> list[str]:
    """Return the migrations that keep a release from running on the schema of today.

    `unknown` are those that are applied and that the release does not have. Fine are those that it
    met when it was deployed before (or, of a new release, that the one serving met), those that
    break no release, and those that were accepted while this very release served. A release that
    was never here was made after those that it left out, but for the `newer` ones of them.
    """
    before = _up_to(releases, digest)
    asked = unknown if before or newer is None else newer
    # What it met when it was deployed before; a new one meets what the release that serves met.
    met = (before or releases)[-1]["unknown"] if releases else ()
    fine = {*met, *_accepted(migrations, digest)}
    return [name for name in unknown if name in asked and name not in fine]


def _accepted(migrations: Sequence[Mapping[str, Any]], digest: str) -> list[str]:
    """Return the migrations that break no release, or were accepted while this one served."""
    return [row["name"] for row in migrations if row["safe"] or row["over"] == digest]


def _up_to(entries: Sequence[Mapping[str, Any]], digest: str) -> list[Mapping[str, Any]]:
    """Return the entries up to the last one of a digest; none where it never comes."""
    places = [place for place, entry in enumerate(entries) if entry["digest"] == digest]
    return list(entries[: places[-1] + 1]) if places else []
