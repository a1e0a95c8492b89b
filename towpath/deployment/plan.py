"""The plan of a deployment as frozen steps, what undoes each, how to end one that was cut. Pure.

A step's undo can be done twice, and done where the step never began to show: what is undone is
read from the environment, not from what was believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One act of a deployment; `undo` says what takes it back, and is empty where nothing must."""

    name: str
    title: str
    undo: str = ""


STEPS: tuple[Step, ...] = (
    # Only what the old release can live with gets this far, so that the schema may stay.
    Step("migrate", "migrate the database"),
    Step("start", "start the new containers beside the old", "remove the new containers"),
    Step("prove", "wait until the new containers answer well"),
    Step("switch", "put the new containers into the proxy", "take the new ones out of the proxy"),
    Step("drain", "drain the old containers", "let the proxy send to the old containers again"),
    Step("work", "start the new worker beside the old", "remove the new worker"),
    Step("watch", "watch errors and health"),
    Step("record", "record the release"),
    Step("stop", "stop the old containers"),
)


@dataclass(frozen=True)
class DeploymentPlan:
    """One deployment: its own id, what it brings, and the digest that served before, if any."""

    deployment: str
    kind: str
    digest: str
    version: str
    previous: str
    at: str

    def as_json(self) -> dict[str, Any]:
        """Return the first entry of the journal."""
        return asdict(self)


@dataclass(frozen=True)
class Unfinished:
    """A deployment that was cut off: what it was, the steps it began, and how to end it."""

    plan: DeploymentPlan
    begun: tuple[str, ...]
    finish: bool


def unfinished(
    entries: Sequence[Mapping[str, Any]], history: Sequence[Mapping[str, Any]]
) -> Unfinished | None:
    """Return the deployment that the journal leaves open, or None.

    It is finished if its release was recorded, which is the point of no return, else undone.
    """
    if not entries or any(entry.get("phase") == "end" for entry in entries):
        return None
    plan = DeploymentPlan(**entries[0])
    begun = tuple(entry["step"] for entry in entries[1:] if entry["phase"] == "begin")
    recorded = any(entry["deployment"] == plan.deployment for entry in history)
    return Unfinished(plan, begun, finish=recorded)


def undoing(begun: Sequence[str]) -> list[Step]:
    """Return the steps to undo, in reverse order of their beginning."""
    return [step for step in reversed(STEPS) if step.undo and step.name in begun]


def rollback_target(history: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the release to go back to: the one before, with all that was rolled back left out.

    A rollback of a rollback goes further back, never forward to what was bad.
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
