"""The app's migrations on PostgreSQL: to zero and back again, with rows where they can stay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from releases import storage
from releases.models import Run, StageResult
from tests.app.reports import report

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("needs_database"),
]
OWN = "releases"


@pytest.fixture(autouse=True)
def whole_again() -> Iterator[None]:
    """Leave the tables as the other tests expect them, however this one ends."""
    yield
    call_command("migrate", verbosity=0)


def migrations() -> list[str]:
    """Return the names of the app's migrations, the first one first."""
    graph = MigrationExecutor(connection).loader.graph
    (leaf,) = graph.leaf_nodes(OWN)
    return [name for app, name in graph.forwards_plan(leaf) if app == OWN]


def shape() -> dict[str, object]:
    """Return the app's tables with their columns, defaults, constraints and indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_name LIKE %s ORDER BY 1, 2",
            [f"{OWN}_%"],
        )
        columns = cursor.fetchall()
        tables = sorted({row[0] for row in columns})
        constraints = [connection.introspection.get_constraints(cursor, name) for name in tables]
    found = [
        (row["columns"], row["primary_key"], row["unique"], row["foreign_key"], row["check"])
        for table in constraints
        for row in table.values()
    ]
    return {"columns": columns, "constraints": sorted(map(repr, found))}


def test_this_session_runs_the_migrations_themselves() -> None:
    """What makes the tables in other sessions, the models, has no record of migrations."""
    recorded = MigrationExecutor(connection).loader.applied_migrations

    assert connection.vendor == "postgresql"
    assert {name for app, name in recorded if app == OWN} == set(migrations())
    assert migrations()


def test_to_zero_and_back_gives_the_same_tables() -> None:
    """With rows in them; afterwards they take rows again."""
    before = shape()
    storage.store(report())
    rows = StageResult.objects.count()

    call_command("migrate", OWN, "zero", verbosity=0)
    gone = connection.introspection.table_names()
    call_command("migrate", verbosity=0)
    storage.store(report())

    assert rows == StageResult.objects.count() > 0
    assert not [name for name in gone if name.startswith(f"{OWN}_")]
    assert shape() == before


def test_every_migration_goes_back_and_forth_over_rows() -> None:
    """One step back and forward again, from the last to the second: rows outlive each."""
    sent = report()
    storage.store(sent)
    names = migrations()
    steps = list(zip(names[1:], names, strict=False))
    for name, before in reversed(steps):
        call_command("migrate", OWN, before, verbosity=0)
        call_command("migrate", OWN, name, verbosity=0)
        call_command("migrate", verbosity=0)

    assert Run.objects.get(pk=sent["run"]).stages.count() == len(sent["stages"])
    assert len(steps) == len(names) - 1
