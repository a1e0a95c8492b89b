"""Holds: a release that was undone goes nowhere by itself until a person takes its hold off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from towpath.core.errors import ConfigurationError, PromotionRefusedError
from towpath.environments.environment import Site
from towpath.evidence import record as stages
from towpath.evidence.journal import Entry

NOTE = "It is on hold: nothing promotes or deploys it automatically."


def command(environment: str) -> str:
    """Return the command that takes a hold off."""
    return f'invoke resume --environment={environment} --reason="..."'


def place(site: Site, digest: str, version: str, why: str) -> None:
    """Put a release on hold in an environment; one that is on hold there stays so.

    Raises CommandFailedError for a damaged history.
    """
    if any(row["digest"] == digest for row in site.history.held()):
        return
    entry = {"at": _now(), "digest": digest, "version": version, "why": why}
    site.history.set_holds([*site.history.holds(), entry])


def of(site: Site, digest: str) -> str:
    """Return why a release is on hold in an environment; empty if it is not.

    Raises CommandFailedError for a damaged history.
    """
    found = next((row for row in site.history.held() if row["digest"] == digest), None)
    return f"since {found['at']}: {found['why']}" if found else ""


def require_none(site: Site, digest: str, version: str) -> None:
    """Raise PromotionRefusedError where an automatic deployment meets a hold."""
    if why := of(site, digest):
        raise PromotionRefusedError(
            f"{version} is on hold in {site.name} and is not deployed automatically.",
            why=f"It was undone there {why}",
            next_step=f"Deploy another release, or take the hold off: {command(site.name)}",
        )


def chosen(site: Site, reason: str, digest: str = "") -> list[Entry]:
    """Return the holds of an environment that are to be taken off, or that of one digest.

    Raises ConfigurationError if there is none, or without a reason.
    """
    if not reason.strip():
        raise ConfigurationError("A hold is taken off with a reason.", next_step=command(site.name))
    found = [row for row in site.history.held() if digest in ("", row["digest"])]
    if not found:
        raise ConfigurationError(
            f"Nothing is on hold in {site.name}.",
            why=f"No hold is about {digest}." if digest else "",
            next_step="invoke status",
        )
    return found


def take_off(site: Site, reason: str, by: str, digest: str = "") -> list[Entry]:
    """Take the holds of an environment off, or that of one digest; return them.

    `by` is the person. Raises ConfigurationError if there is none, or without a reason.
    """
    found = chosen(site, reason, digest)
    mark = {"resumed": {"at": _now(), "by": by, "reason": reason.strip()}}
    rows = site.history.holds()
    site.history.set_holds(row | mark if row in found else row for row in rows)
    return found


def acts(rows: Iterable[Entry]) -> Iterator[Entry]:
    """Yield what was done with holds, as the releases of a history are: put on, taken off."""
    for row in rows:
        known = {"version": row["version"], "digest": row["digest"], "previous": ""}
        yield {"at": row["at"], "kind": "hold", "by": "", "why": row["why"], **known}
        if taken := row.get("resumed"):
            acted = {"at": taken["at"], "kind": "resume", "by": taken["by"]}
            yield {**acted, "why": taken["reason"], **known}


def _now() -> str:
    return stages.stamp(stages.now())
