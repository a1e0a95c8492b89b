"""From a real migration to its hazards, by one tiny app each: what must be found, and what not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.utils import OperationalError
from pytest_django import Settings

from tests import hazards
from towpath.deployment.migrations import reader
from towpath.deployment.migrations import rules as migrations
from towpath.product import migrate

HAZARDS = {
    "drop_column": ["DROP_COLUMN"],
    "drop_table": ["DROP_TABLE"],
    "rename_column": ["RENAME_COLUMN"],
    "rename_table": ["RENAME_TABLE"],
    "not_null": ["NOT_NULL"],
    "null_forbidden": ["NOT_NULL"],
    "default_lost": ["NOT_NULL"],
    "order_column": ["NOT_NULL"],
    "alter_column": ["ALTER_COLUMN"],
    "add_unique": ["ADD_UNIQUE"],
    "unique_together": ["ADD_UNIQUE"],
    "unique_constraint": ["ADD_UNIQUE"],
    "add_check": ["ADD_CHECK"],
    "create_index": ["CREATE_INDEX"],
    "field_index": ["CREATE_INDEX"],
    "run_sql": ["RUN_SQL"],
    "run_python": ["RUN_PYTHON"],
    "irreversible": ["RUN_PYTHON", "IRREVERSIBLE"],
    "hidden_drop": ["DROP_COLUMN"],
    "unknown_operation": ["UNKNOWN_OPERATION"],
}
HARMLESS = (
    *("add_nullable", "add_db_default", "widen_null", "options_only", "concurrent_index"),
    *("new_table", "state_only", "kept_column"),
)


@pytest.fixture(autouse=True)
def with_migrations(settings: Settings) -> None:
    """Look at the migrations themselves, also where the tests go without them for speed."""
    settings.MIGRATION_MODULES = {}


def facts_of(app: str, settings: Settings) -> dict[str, Any]:
    """Describe the second migration of a fixture app as a container would, on PostgreSQL."""
    settings.INSTALLED_APPS = [f"tests.fixtures.migrations.{app}"]
    loader = MigrationLoader(None)
    state = loader.graph.make_state((app, "0001_initial"), real_apps=loader.unmigrated_apps)
    assert isinstance(state, ProjectState)
    step = loader.graph.nodes[app, "0002_change"]
    described = migrate._migration(step, state, connection, {})
    names = {"vendor": "postgresql", "leaves": [], "empty": False, "unknown": [], "hash": ""}
    return {**names, "pending": [described]}


def codes_of(app: str, settings: Settings) -> list[str]:
    """Return the codes of what a fixture app does to the release that still serves."""
    plan = reader.plan("noise\n" + json.dumps(facts_of(app, settings)))
    return [finding.code for finding in migrations.judge(plan)]


@pytest.mark.parametrize(("app", "codes"), HAZARDS.items(), ids=HAZARDS)
def test_each_hazard_is_found(app: str, codes: list[str], settings: Settings) -> None:
    """A migration that would break the serving release is named by its code, and nothing else."""
    assert codes_of(app, settings) == codes


@pytest.mark.parametrize("app", HARMLESS)
def test_what_the_old_release_can_live_with_is_no_hazard(app: str, settings: Settings) -> None:
    """A migration that the serving release does not notice is not refused."""
    assert codes_of(app, settings) == []


def test_every_hazard_of_the_table_has_a_planted_case() -> None:
    """No row of the table can be dead: each is found in a fixture, or in its own test."""
    planted = {code for codes in HAZARDS.values() for code in codes}
    planted |= {code for _, codes in hazards.CASES.values() for code in codes}
    planted |= {"UNKNOWN_CONSTRAINT", "CONCURRENTLY_IN_TRANSACTION"}

    assert {hazard.code for hazard in migrations.HAZARDS} == planted


class Flaky:
    """A connection that is refused so many times."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def ensure_connection(self) -> None:
        """Connect, or not yet."""
        self.refusals -= 1
        if self.refusals >= 0:
            raise OperationalError("could not translate host name")


def test_a_database_that_is_not_there_for_a_moment_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A busy engine's names come a little late."""
    monkeypatch.setattr("towpath.product.migrate.time.sleep", lambda _: None)
    found = Flaky(3)

    migrate.connect(found)

    assert found.refusals == -1


def test_a_database_that_stays_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever."""
    monkeypatch.setattr(migrate, "CONNECT_PATIENCE", -1)

    with pytest.raises(OperationalError, match="host name"):
        migrate.connect(Flaky(9))
