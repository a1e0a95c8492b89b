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
    """New before old, proof before the switch, the record before anything old is stopped."""
    assert [step.name for step in rollout.STEPS] == [
        *("migrate", "start", "prove", "switch", "drain", "work", "watch", "record", "stop")
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


@pytest.mark.parametrize(
    ("trail", "expected"),
    [
        ([], None),
        (["a"], None),
        (["a", "a"], None),
        (["a", "b"], "a"),
        (["a", "b", "c"], "b"),
        (["a", "b", "<a"], None),
        (["a", "b", "c", "<b"], "a"),
        (["a", "b", "c", "<b", "<a"], None),
        (["a", "b", "<a", "c"], "a"),
    ],
)
def test_rollback_goes_back_and_never_forward(trail: list[str], expected: str | None) -> None:
    """`<` is a rollback: what was left is never gone back to."""
    history = [release(row.lstrip("<"), "rollback" if "<" in row else "deploy") for row in trail]
    found = rollout.rollback_target(history)

    assert (found and found["digest"]) == expected


@pytest.mark.parametrize(
    ("unknown", "rows", "expected"),
    [
        ([], [], []),
        (["m2"], [], ["m2"]),
        (["m2"], [{"name": "m2", "safe": True, "over": "a"}], []),
        (["m2"], [{"name": "m2", "safe": False, "over": "a"}], []),
        (["m2"], [{"name": "m2", "safe": False, "over": "b"}], ["m2"]),
        (["old"], [], []),
    ],
    ids=["none", "never judged", "safe", "accepted over it", "accepted over another", "met before"],
)
def test_a_schema_has_moved_past_a_release_or_not(
    unknown: list[str], rows: list[dict[str, Any]], expected: list[str]
) -> None:
    """Going back to `a` is refused for what was neither safe, nor accepted for it, nor known."""
    releases = [release("a", unknown=["old"]), release("b")]

    assert rollout.moved_past(releases, rows, "a", unknown) == expected


def test_a_new_release_is_measured_by_the_one_that_serves() -> None:
    """Leftovers that the serving release lives with are none of the new one's concern."""
    assert rollout.moved_past([release("a", unknown=["old"])], [], "new", ["old"]) == []


@pytest.mark.parametrize(
    ("digest", "newer", "expected"),
    [("new", [], []), ("new", ["m2"], ["m2"]), ("new", None, ["m2"]), ("a", [], ["m2"])],
    ids=["nothing newer", "newer", "not asked", "a release of before"],
)
def test_a_release_made_after_the_rows_it_left_out_is_not_behind_them(
    digest: str, newer: list[str] | None, expected: list[str]
) -> None:
    """An app that left, or a squash; of a release that was here before, its history decides."""
    releases = [release("a"), release("b")]
    rows = [{"name": "m2", "safe": False, "over": "x"}]

    assert rollout.moved_past(releases, rows, digest, ["m2"], newer) == expected
