"""Applying migrations on a real PostgreSQL: one at a time, short waits, nothing half made."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from towpath.product import migrate

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("needs_database"),
]
APP, TABLE = "concurrent_index", "concurrent_index_book"


@pytest.fixture
def pending(settings: Settings) -> Iterator[str]:
    """An app with one migration applied and one to go, which builds an index; yields its hash."""
    settings.INSTALLED_APPS = [f"tests.fixtures.migrations.{APP}"]
    call_command("migrate", APP, "0001", verbosity=0)
    try:
        yield str(migrate.plan(connection)["hash"])
    finally:
        call_command("migrate", APP, "zero", verbosity=0)


@contextmanager
def another(statement: str, parameters: list[Any], seconds: float) -> Iterator[None]:
    """Hold what a statement locks, from another connection, for some seconds."""
    other = connection.copy()
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute(statement, parameters)
    timer = threading.Timer(seconds, other.rollback)
    other.inc_thread_sharing()
    timer.start()
    try:
        yield
    finally:
        timer.join()
        other.close()


def indexes() -> dict[str, bool]:
    """Return the indexes on the table, and whether each is valid."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index "
            "WHERE indrelid = %s::regclass",
            [TABLE],
        )
        return dict(cursor.fetchall())


def test_a_plan_is_applied_and_then_there_is_none(pending: str) -> None:
    """The pending migration is named, and applied at the first attempt."""
    assert migrate.apply(connection, pending) == {
        "applied": [f"{APP}.0002_change"],
        "attempts": 1,
    }
    assert migrate.plan(connection)["pending"] == []
    assert indexes()["by_title"]


def test_a_plan_that_is_no_longer_so_is_not_applied(pending: str) -> None:
    """What was judged is what is applied, or nothing is."""
    with pytest.raises(SystemExit, match="have changed since they were judged"):
        migrate.apply(connection, "another hash")

    assert "by_title" not in indexes()


def test_a_second_runner_goes_away(pending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody holds the advisory lock, nobody else migrates."""
    monkeypatch.setattr(migrate, "LOCK_PATIENCE", 0.5)
    with another("SELECT pg_advisory_xact_lock(%s)", [migrate.LOCK], 3):
        with pytest.raises(SystemExit, match="Another process is migrating"):
            migrate.apply(connection, pending)

    assert migrate.apply(connection, pending)["attempts"] == 1


def test_an_index_cut_by_the_lock_timeout_is_built_anew(pending: str) -> None:
    """The half-made index of the first attempt is dropped, so that the second one can succeed."""
    insert = f"INSERT INTO {TABLE} (title) VALUES (%s)"
    with another(insert, ["open"], 4):
        done = migrate.apply(connection, pending)

    assert done["attempts"] > 1
    assert indexes()["by_title"]
