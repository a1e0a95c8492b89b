"""From an operation to its hazards, as PostgreSQL's own backend describes it without a server."""

from __future__ import annotations

from typing import Any

import pytest
from django import db as django_db
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations as django
from django.db import models
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.utils import ConnectionRouter
from pytest_django import Settings

from tests import hazards
from towpath.deployment.migrations import rules as migrations
from towpath.deployment.migrations.rules import Migration, MigrationPlan
from towpath.product import describing

OPTIONS: dict[str, Any] = {"NAME": "none", "OPTIONS": {}, "TIME_ZONE": None, "TEST": {}}


def codes(*operations: Any, atomic: bool = True) -> list[str]:
    """Return the codes of the hazards of these operations, on the tables of the bookshop."""
    created: describing.Tables = {}
    state = hazards.state()
    connection = DatabaseWrapper(OPTIONS, "default")
    facts: list[dict[str, Any]] = []
    for operation in operations:
        facts += describing.describe(operation, hazards.APP, state, connection, created)
    rows = tuple({**fact, "atomic": atomic} for fact in facts)
    plan = MigrationPlan("postgresql", (), False, (), (Migration("shop.0002", rows),), "h")
    return [row.code for row in migrations.judge(plan) if row.blocks]


@pytest.mark.parametrize("name", hazards.CASES)
def test_a_change_is_judged_for_what_it_does(name: str) -> None:
    """The codes are exactly those of the table; nothing is asked of a server."""
    operation, expected = hazards.CASES[name]

    assert codes(operation) == expected


class Polite(django.AddField):
    """Says something else of itself, and does the same."""

    def describe(self) -> str:
        """Say it."""
        return "polite"


class Sly(django.AddField):
    """Does something else than its base."""

    def database_forwards(self, *_: Any) -> None:
        """Do it."""


class SlyConstraint(models.UniqueConstraint):
    """Makes something else than its base."""

    def create_sql(self, *_: Any) -> Any:
        """Make it."""


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Polite("Book", "x", models.TextField(null=True)), []),
        (Sly("Book", "x", models.TextField(null=True)), ["UNKNOWN_OPERATION"]),
        (
            django.AddConstraint("Book", SlyConstraint(fields=["title"], name="u")),
            ["UNKNOWN_CONSTRAINT"],
        ),
    ],
    ids=["tells", "does", "constraint"],
)
def test_a_class_of_somebodys_own_is_its_base_only_if_it_does_the_same(
    operation: Any, expected: list[str]
) -> None:
    """What overrides an act of Django's own cannot be judged."""
    assert codes(operation) == expected


@pytest.mark.parametrize(
    "sql",
    [
        ["SELECT 1"],
        [("SELECT %s", [1])],
        "SELECT '--'",
        "/* a */ SELECT 1",
        "/* /* */ DELETE FROM x */",
        "-- a\rDELETE FROM x",
    ],
)
def test_sql_behind_a_comment_is_sql(sql: Any) -> None:
    """Only what is wholly a comment does nothing."""
    assert codes(django.RunSQL(sql, django.RunSQL.noop)) == ["RUN_SQL"]


def test_an_index_made_concurrently_needs_a_migration_without_a_transaction() -> None:
    """PostgreSQL would refuse it, on a new table too."""
    operation = AddIndexConcurrently("Book", models.Index(fields=["title"], name="i"))

    assert codes(operation, atomic=False) == []
    assert codes(operation) == ["CONCURRENTLY_IN_TRANSACTION"]


def test_what_happens_to_a_table_that_is_new_is_nobodys_trouble() -> None:
    """Also under its second name; a table that was there before and gets its name is not new."""
    made = django.CreateModel("New", [hazards.KEY])
    field = django.AddField("Newer", "x", models.IntegerField())
    renamed = django.RenameModel("New", "Newer")

    assert codes(made, renamed, field) == []
    assert codes(made, django.DeleteModel("New"), django.RenameModel("Loner", "New")) == [
        "RENAME_TABLE"
    ]


def test_what_is_not_djangos_to_migrate_is_not_judged(settings: Settings) -> None:
    """A proxy has no table, and a model that another one stands for has none either."""
    settings.SHOP_READER = "shop.Author"
    swapped = django.CreateModel("Reader", [hazards.KEY], {"swappable": "SHOP_READER"})
    proxy = django.CreateModel("Best", [], {"proxy": True}, ("shop.book",))

    there = django.SeparateDatabaseAndState(state_operations=[swapped, proxy])

    assert codes(there, django.AlterModelTable("Reader", "other")) == []
    assert codes(there, django.DeleteModel("Best")) == []


def test_an_order_that_goes_drops_its_column() -> None:
    """The hidden column of an order is a column; another order changes nothing."""
    set_it = django.AlterOrderWithRespectTo("Part", "book")
    other = django.AlterOrderWithRespectTo("Part", "author")
    drop = django.AlterOrderWithRespectTo("Part", None)

    assert codes(set_it, other, drop) == ["NOT_NULL", "DROP_COLUMN"]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (
            django.AddConstraint(
                "Book", ExclusionConstraint(name="apart", expressions=[("pages", "=")])
            ),
            ["ADD_UNIQUE"],
        ),
        (
            hazards.alter("title", models.CharField(max_length=100, primary_key=True)),
            ["ADD_UNIQUE"],
        ),
        (hazards.add(models.UUIDField(primary_key=True)), ["NOT_NULL", "ADD_UNIQUE"]),
        (hazards.alter("id", models.BigIntegerField(primary_key=True)), ["ALTER_COLUMN"]),
        (hazards.add(models.CompositePrimaryKey("title", "slug")), []),
    ],
    ids=["exclusion", "other key", "new uuid", "no numbers", "of two columns"],
)
def test_keys_and_what_excludes_rows_are_hazards(operation: Any, expected: list[str]) -> None:
    """A key of two columns is known to Django alone: it sends nothing."""
    assert codes(operation) == expected


def test_a_key_that_numbers_its_rows_rewrites_the_table() -> None:
    """The old release does not have to write it, and every row gets a number."""
    number = django.AddField("Loner", "number", models.BigAutoField(primary_key=True))

    assert codes(django.RemoveField("Loner", "id"), number) == [
        "DROP_COLUMN",
        "REWRITE_TABLE",
        "ADD_UNIQUE",
    ]


class Elsewhere:
    """A router that keeps the shop out of this database."""

    def allow_migrate(self, _db: str, app_label: str, **_hints: Any) -> bool | None:
        """Refuse the shop."""
        return False if app_label == hazards.APP else None


@pytest.mark.parametrize("name", ["remove a column", "alter shorter", "add default", "delete"])
def test_what_a_router_keeps_away_is_not_judged(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Django sends nothing to this database then, SQL and Python of one's own included."""
    monkeypatch.setattr(django_db, "router", ConnectionRouter([Elsewhere()]))
    monkeypatch.setattr("django.db.migrations.operations.base.router", django_db.router)

    assert codes(hazards.CASES[name][0], django.RunSQL("SELECT 1", "")) == []
