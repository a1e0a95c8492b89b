"""The steps of a deployment, how each is undone, and how an interrupted one is completed. Pure.

Undoing a step is idempotent, also if the step had no effect yet: the state is read from the
environment, not from the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One step of a deployment; `undo` describes how it is undone, and is empty if it is not.

    `again` is whether it is run once more after an outage of the engine.
    """

    name: str
    title: str
    undo: str = ""
    again: bool = True


STEPS: tuple[Step, ...] = (
    # Only migrations that the old release tolerates get this far, so that they can stay.
    # One that was cut off may still run there: the next deployment looks again.
    Step("migrate", "migrate the database", again=False),
    Step("start", "start the new containers beside the old", "remove the new containers"),
    Step("prove", "wait for health checks of the new containers"),
    # Before the switch: what the new web containers put into the queue meets new workers only.
    Step(
        "work",
        "start the new workers, and let the old ones end",
        "start the old workers again, and remove the new ones",
    ),
    Step(
        "switch", "add the new containers to the proxy", "remove the new containers from the proxy"
    ),
    Step("drain", "drain the old containers", "send requests to the old containers again"),
    Step("watch", "monitor errors and health"),
    Step("record", "record the release"),
    Step("stop", "stop the old containers"),
)

# What fails in these is the release; what fails in the others is the engine, a disk, a network.
RELEASE_STEPS = frozenset(("migrate", "prove", "switch", "drain", "work", "watch"))


@dataclass(frozen=True)
class DeploymentPlan:
    """One deployment: its id, its release, and the digest that served before, if any."""

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
    """An interrupted deployment: its plan, the steps it began, and whether to finish or undo it."""

    plan: DeploymentPlan
    begun: tuple[str, ...]
    finish: bool


def unfinished(
    entries: Sequence[Mapping[str, Any]], history: Sequence[Mapping[str, Any]]
) -> Unfinished | None:
    """Return the deployment without an end in the journal, or None.

    It has to be finished if its release was recorded, otherwise undone.
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
