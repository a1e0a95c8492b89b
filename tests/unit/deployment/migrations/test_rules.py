"""The table of hazards: waivers, blocking, and what no fixture app can show."""

from __future__ import annotations

from typing import Any

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.deployment.migrations import rules as migrations
from towpath.deployment.migrations.rules import Migration, MigrationPlan

COLUMN = {"type": "text", "many_to_many": False}


def operation(kind: str, **facts: Any) -> dict[str, Any]:
    """Return an operation on an existing table, as the program in the container describes it."""
    plain = {"kind": kind, "model": "book", "target": "Note", "new": False, "reversible": True}
    empty = {"before": None, "after": None, "constraint": "", "renamed": False, "value": False}
    return {**plain, **empty, "options": {"managed": True, "proxy": False}, **facts}


def plan(*operations: dict[str, Any], vendor: str = "postgresql") -> MigrationPlan:
    """Return a plan with one pending migration."""
    return MigrationPlan(vendor, (), False, (), (Migration("app.0002", operations),), "h")


def codes(*operations: dict[str, Any], vendor: str = "postgresql") -> list[str]:
    """Return the codes of the hazards in these operations."""
    return [row.code for row in migrations.judge(plan(*operations, vendor=vendor))]


def test_a_finding_says_where_it_is_and_what_to_do() -> None:
    """The code is first, then the migration, the place and the reason."""
    (found,) = migrations.judge(plan(operation("RemoveField", before=COLUMN)))

    assert str(found).startswith("DROP_COLUMN in app.0002 (RemoveField book.note): the old release")
    assert "in the next one" in found.advice
    assert migrations.blocking([found]) == [found]


def test_a_waiver_by_code_and_name_lets_one_migration_pass() -> None:
    """The waived finding is still told, and no longer blocks."""
    dropped = plan(operation("RemoveField", before=COLUMN))
    (found,) = migrations.judge(dropped, {"DROP_COLUMN:app.0002": "unused since 1.4"})

    assert found.waived == "unused since 1.4"
    assert migrations.blocking([found]) == []
    assert migrations.blocking(migrations.judge(dropped, {"DROP_COLUMN:app.0003": "other"}))


def test_what_cannot_be_taken_back_is_told_and_does_not_block() -> None:
    """Irreversible is no danger to the release that serves."""
    found = migrations.judge(plan(operation("RunSQL", reversible=False)))

    assert [(row.code, row.blocks) for row in found] == [("RUN_SQL", True), ("IRREVERSIBLE", False)]


def test_a_constraint_of_nobody_known_is_not_judged_safe() -> None:
    """What cannot be judged is a hazard."""
    assert codes(operation("AddConstraint", constraint="Mystery")) == ["UNKNOWN_CONSTRAINT"]
    assert codes(operation("unknown", new=True)) == ["UNKNOWN_OPERATION"]


def test_an_index_is_only_a_hazard_where_building_it_locks() -> None:
    """SQLite has one writer anyway."""
    assert codes(operation("AddIndex")) == ["CREATE_INDEX"]
    assert codes(operation("AddIndex"), vendor="sqlite") == []


def test_a_table_that_is_not_ours_is_not_dropped() -> None:
    """Deleting an unmanaged or a proxy model leaves the database alone."""
    unmanaged = {"managed": False, "proxy": False}

    assert codes(operation("DeleteModel", options=unmanaged)) == []
    assert codes(operation("DeleteModel")) == ["DROP_TABLE"]


def test_a_removed_many_to_many_field_drops_its_table() -> None:
    """It has no column of its own."""
    field = {"type": None, "many_to_many": True}

    assert codes(operation("RemoveField", before=field)) == ["DROP_TABLE"]


def test_every_hazard_says_what_it_means_and_what_to_do() -> None:
    """No row of the table is bare, and codes are words for people to type."""
    for row in migrations.HAZARDS:
        assert row.code.isupper() and row.meaning.endswith(".") and row.advice.endswith(".")


def test_an_operation_that_is_not_described_in_full_is_not_judged_safe() -> None:
    """A fact that is missing is an error of ours."""
    with pytest.raises(NothingToJudgeError, match="app.0002"):
        codes({"kind": "AddField", "model": "book", "new": False})
