"""Plan or apply the migrations of a release, inside its container.

Runs inside the container of that release, as `python - SETTINGS plan` or `... apply HASH`, with
this file, and those that it imports, on standard input. The last line of output is one JSON
object.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from towpath.product.describing import Fact, Tables, describe

LOCK = int.from_bytes(hashlib.sha256(b"towpath migrate").digest()[:8], "big", signed=True)
# Seconds to wait for a connection, and for the advisory lock.
CONNECT_PATIENCE = 15.0
LOCK_PATIENCE = 10.0
LOCK_TIMEOUT = "2s"
DROP_TIMEOUT = "60s"
ATTEMPTS = 5
LOCK_NOT_AVAILABLE = "55P03"


def plan(connection: Any) -> Fact:
    """Return the pending migrations with their operations, and applied ones that are unknown."""
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    loader = executor.loader
    loader.check_consistent_history(connection)
    applied, known = loader.applied_migrations or {}, loader.disk_migrations or {}
    leaves = loader.graph.leaf_nodes()
    created: Tables = {}
    state = _state_of(applied, loader, executor.migration_plan(leaves, clean_start=True))
    steps = executor.migration_plan(leaves)
    pending = [_migration(step, state, connection, created) for step, _ in steps]
    recorded = executor.recorder.applied_migrations()
    replaced = _without(recorded, applied)
    names = " ".join([*(row["name"] for row in pending), *replaced])
    return {
        "vendor": connection.vendor,
        "leaves": sorted(".".join(leaf) for leaf in leaves),
        "empty": not applied,
        "unknown": _without(known, applied),
        "newer": _newer(recorded, known),
        "replaced": replaced,
        "conflicts": _conflicts(loader),
        "pending": pending,
        "hash": hashlib.sha256(names.encode()).hexdigest(),
    }


def _without(known: Any, applied: Any) -> list[str]:
    return sorted(".".join(key) for key in applied if key not in known)


def _conflicts(loader: Any) -> list[list[str]]:
    """Return conflicting migrations, which are each the last of one app."""
    found = loader.detect_conflicts()
    return [sorted(f"{app}.{name}" for name in names) for app, names in sorted(found.items())]


def _newer(recorded: Any, known: Any) -> list[str]:
    """Return the unknown migrations that may have brought the schema past this release.

    Those of an app that it has, if the app's last row is one of them. Rows of an app that has left
    have no code any more, and those that a squashed migration replaced are followed by its own.
    """
    from django.apps import apps

    last: dict[str, tuple[str, str]] = {}
    for key in sorted(recorded, key=lambda key: recorded[key].pk):
        last[key[0]] = key
    past = {app for app, key in last.items() if key not in known and app in apps.app_configs}
    return sorted(".".join(key) for key in recorded if key not in known and key[0] in past)


def _state_of(applied: Any, loader: Any, steps: Any) -> Any:
    """Return the models as the applied migrations left them."""
    from django.db.migrations.state import ProjectState

    state = ProjectState(real_apps=loader.unmigrated_apps)
    for step, _ in steps:
        if (step.app_label, step.name) in applied:
            state = step.mutate_state(state, preserve=False)
    return state


def apply(connection: Any, expected: str) -> Fact:
    """Apply the pending migrations, if they are still those of the plan that was judged."""
    with _advisory_lock(connection):
        found = plan(connection)
        if found["hash"] != expected:
            raise SystemExit("The pending migrations have changed since they were judged.")
        attempts = _migrate(connection)
    return {"applied": [row["name"] for row in found["pending"]], "attempts": attempts}


def _migration(step: Any, state: Any, connection: Any, created: Tables) -> Fact:
    """Describe one migration, and apply it to `state`."""
    operations = []
    for operation in step.operations:
        operations += describe(operation, step.app_label, state, connection, created)
    for fact in operations:
        fact["atomic"] = bool(step.atomic)
    return {"name": f"{step.app_label}.{step.name}", "do": operations}


@contextmanager
def _advisory_lock(connection: Any) -> Iterator[None]:
    """Hold a PostgreSQL advisory lock, so that no other process migrates at the same time."""
    if connection.vendor != "postgresql":
        yield
        return
    deadline = time.monotonic() + LOCK_PATIENCE
    while not _value(connection, "SELECT pg_try_advisory_lock(%s)", [LOCK]):
        if time.monotonic() > deadline:
            raise SystemExit(
                "Another process is migrating this database: its advisory lock is taken."
            )
        time.sleep(0.5)
    try:
        yield
    finally:
        _value(connection, "SELECT pg_advisory_unlock(%s)", [LOCK])


def _migrate(connection: Any) -> int:
    """Run `migrate`, and retry after lock timeouts; return the number of attempts."""
    from django.core.management import call_command
    from django.db.utils import OperationalError

    before = _invalid_indexes(connection)
    for attempt in range(1, ATTEMPTS + 1):
        _lock_timeout(connection, LOCK_TIMEOUT)
        try:
            call_command("migrate", interactive=False, verbosity=1, stdout=sys.stderr)
            return attempt
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
                raise
            _drop_invalid_indexes(connection, before)
            if attempt == ATTEMPTS:
                raise
        time.sleep(2 ** (attempt - 1))
    return ATTEMPTS


def _drop_invalid_indexes(connection: Any, before: set[str]) -> None:
    """Drop invalid indexes that CREATE INDEX CONCURRENTLY left, which would block the next attempt.

    Dropping them concurrently blocks no other session, so that the timeout is longer.
    """
    _lock_timeout(connection, DROP_TIMEOUT)
    for index in _invalid_indexes(connection) - before:
        _execute(connection, f"DROP INDEX CONCURRENTLY {index}")


def _lock_timeout(connection: Any, value: str) -> None:
    if connection.vendor == "postgresql":
        _execute(connection, f"SET lock_timeout = '{value}'")


def _invalid_indexes(connection: Any) -> set[str]:
    if connection.vendor != "postgresql":
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
        return {name for (name,) in cursor.fetchall()}


def _execute(connection: Any, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _value(connection: Any, statement: str, parameters: list[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0]


def connect(connection: Any) -> None:
    """Connect to the database, with retries while the server is not available."""
    from django.db.utils import OperationalError

    deadline = time.monotonic() + CONNECT_PATIENCE
    while True:
        try:
            connection.ensure_connection()
            return
        except OperationalError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def main(argv: list[str]) -> None:
    """Set up Django, and plan or apply the migrations."""
    settings, act, *rest = argv
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    import django

    django.setup()
    from django.db import connection

    connect(connection)
    found = plan(connection) if act == "plan" else apply(connection, rest[0])
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
