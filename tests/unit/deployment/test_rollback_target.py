"""Which release a rollback goes back to, and whether the schema has moved past it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.deployment.test_plan import release
from towpath.deployment import rollback_target as rollback


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
    found = rollback.rollback_target(history)

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

    assert rollback.moved_past(releases, rows, "a", unknown) == expected


def test_a_new_release_is_measured_by_the_one_that_serves() -> None:
    """Leftovers that the serving release lives with are none of the new one's concern."""
    assert rollback.moved_past([release("a", unknown=["old"])], [], "new", ["old"]) == []


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

    assert rollback.moved_past(releases, rows, digest, ["m2"], newer) == expected
