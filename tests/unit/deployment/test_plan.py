"""The plan of a deployment, and what may be done about one that was cut off."""

from __future__ import annotations

from typing import Any

import pytest

from towpath.deployment import plan as rollout
from towpath.deployment.plan import DeploymentPlan, Step

PLAN = DeploymentPlan("d1", "deploy", "sha256:b", "2.0", "sha256:a", "2026-01-01T00:00:00Z")


def journal(*rows: tuple[str, str]) -> list[dict[str, Any]]:
    """Return a journal of the plan with these entries."""
    return [PLAN.as_json(), *({"step": step, "phase": phase} for step, phase in rows)]


def release(digest: str, kind: str = "deploy", **more: Any) -> dict[str, Any]:
    """Return an entry of a history."""
    return {"deployment": f"of-{digest}", "kind": kind, "digest": digest, "unknown": [], **more}


def test_steps_come_in_the_order_of_the_design() -> None:
    """New before old, proof and workers before the switch, the record before what is removed."""
    assert [step.name for step in rollout.STEPS] == [
        *("migrate", "start", "prove", "work", "switch", "drain", "watch", "record", "stop")
    ]


def test_undoing_is_the_reverse_of_what_was_begun() -> None:
    """Only begun steps are undone, the last first; those without an undo are passed over."""
    begun = ("migrate", "start", "prove", "switch", "drain")

    assert [step.name for step in rollout.undoing(begun)] == ["drain", "switch", "start"]
    assert all(isinstance(step, Step) and step.undo for step in rollout.undoing(begun))


@pytest.mark.parametrize(
    "entries",
    [[], journal(("start", "begin"), ("", "end"))],
    ids=["no journal", "an ended one"],
)
def test_nothing_is_open_without_a_journal_that_stops_short(entries: list[Any]) -> None:
    """There is nothing to end."""
    assert rollout.unfinished(entries, []) is None


def test_a_deployment_that_was_not_recorded_is_undone() -> None:
    """The begun steps are those whose beginning was written."""
    found = rollout.unfinished(journal(("migrate", "begin"), ("migrate", "done")), [])

    assert found == rollout.Unfinished(PLAN, ("migrate",), finish=False)


def test_a_deployment_that_was_recorded_is_finished() -> None:
    """The history decides, even if the journal's own entry about it is missing."""
    history = [release("b", deployment="d1")]
    found = rollout.unfinished(journal(("record", "begin")), history)

    assert found is not None and found.finish
