"""What a release says of rows that it has no migrations for, and of migrations that do not fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from towpath.deployment.migrations import reader
from towpath.deployment.migrations.rules import MigrationPlan
from towpath.product import migrate

# SQLite makes no table within a transaction, and --no-migrations leaves Django's own one out.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def recorder(transactional_db: None) -> Iterator[MigrationRecorder]:
    """Return the table of applied migrations, and leave it as it was, or away."""
    found = MigrationRecorder(connection)
    was_there = found.has_table()
    rows = list(found.applied_migrations()) if was_there else []
    found.ensure_schema()
    yield found
    found.migration_qs.all().delete()
    for row in rows:
        found.record_applied(*row)
    if not was_there:
        with connection.schema_editor() as editor:
            editor.delete_model(found.Migration)


@pytest.fixture
def plan(settings: Settings, recorder: MigrationRecorder) -> Any:
    """Return a function: the plan of a fixture app over these rows, in their order."""

    def planned(app: str, *rows: str) -> MigrationPlan:
        settings.MIGRATION_MODULES = {}
        settings.INSTALLED_APPS = [f"tests.fixtures.migrations.{app}"]
        recorder.migration_qs.all().delete()
        for row in rows:
            recorder.record_applied(*row.split("."))
        return reader.plan(json.dumps(migrate.plan(connection)))

    return planned


def test_two_last_migrations_are_named(plan: Any) -> None:
    """They are found before anything is applied."""
    found = plan("two_leaves", "two_leaves.0001_initial")

    assert found.conflicts == (("two_leaves.0002_one", "two_leaves.0002_other"),)
    assert plan("squashed").conflicts == ()


def test_an_app_that_left_leaves_no_newer_schema_behind(plan: Any) -> None:
    """Its rows are unknown, and nothing says that they belong to a later release."""
    found = plan("squashed", "squashed.0001_squashed_0002_note", "gone.0001_initial", "gone.0002")

    assert found.unknown == ("gone.0001_initial", "gone.0002")
    assert found.newer == ()


def test_a_squash_is_to_be_written_down_although_nothing_is_pending(plan: Any) -> None:
    """Django's `migrate` does it; without it the next release would make the tables again."""
    found = plan("squashing", "squashing.0001_initial", "squashing.0002_note")

    assert (found.pending, found.replaced) == ((), ("squashing.0001_squashed_0002_note",))
    migrate.apply(connection, found.hash)
    later = migrate.plan(connection)
    assert (later["replaced"], later["unknown"]) == ([], [])


def test_what_a_squash_replaced_is_no_newer_schema(plan: Any) -> None:
    """The squash's own row came last, and the replaced files are gone."""
    rows = ("0001_initial", "0002_note", "0001_squashed_0002_note")
    found = plan("squashed", *(f"squashed.{row}" for row in rows))

    assert found.pending == ()
    assert found.unknown == ("squashed.0001_initial", "squashed.0002_note")
    assert found.newer == ()


def test_a_row_after_the_last_known_one_may_be_a_newer_schema(plan: Any) -> None:
    """An older release does not know it, nor can it say what became of the ones before."""
    rows = ("0001_x", "0001_squashed_0002_note", "0003_later")
    found = plan("squashed", *(f"squashed.{row}" for row in rows))

    assert found.newer == found.unknown == ("squashed.0001_x", "squashed.0003_later")
