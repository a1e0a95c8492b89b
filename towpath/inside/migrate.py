"""Says what a release would do to its database, or does it.

Runs inside the container of that release, as `python - SETTINGS plan` or `... apply HASH`, with
this file on standard input. The last line of output is one JSON object.
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

LOCK = int.from_bytes(hashlib.sha256(b"towpath migrate").digest()[:8], "big", signed=True)
CONNECT_PATIENCE = 15.0
LOCK_PATIENCE = 10.0
LOCK_TIMEOUT = "2s"
DROP_TIMEOUT = "60s"
ATTEMPTS = 5
LOCK_NOT_AVAILABLE = "55P03"

Fact = dict[str, Any]
Tables = set[tuple[str, str]]


def plan(connection: Any) -> Fact:
    """Return pending migrations with their operations, and applied ones this release knows not."""
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    loader = executor.loader
    loader.check_consistent_history(connection)
    applied, known = loader.applied_migrations or {}, loader.disk_migrations or {}
    leaves = loader.graph.leaf_nodes()
    created: Tables = set()
    state = _state_of(applied, loader, executor.migration_plan(leaves, clean_start=True))
    steps = executor.migration_plan(leaves)
    pending = [_migration(step, state, connection, created) for step, _ in steps]
    names = " ".join(row["name"] for row in pending)
    return {
        "vendor": connection.vendor,
        "leaves": sorted(".".join(leaf) for leaf in leaves),
        "empty": not applied,
        "unknown": sorted(".".join(key) for key in applied if key not in known),
        "pending": pending,
        "hash": hashlib.sha256(names.encode()).hexdigest(),
    }


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
            raise SystemExit("The pending migrations are not those that were judged.")
        attempts = _migrate(connection)
    return {"applied": [row["name"] for row in found["pending"]], "attempts": attempts}


def _migration(step: Any, state: Any, connection: Any, created: Tables) -> Fact:
    """Describe one migration, and bring `state` behind it."""
    operations = []
    for operation in step.operations:
        operations += describe(operation, step.app_label, state, connection, created)
    return {"name": f"{step.app_label}.{step.name}", "do": operations}


def describe(operation: Any, app: str, state: Any, connection: Any, created: Tables) -> list[Fact]:
    """Describe what an operation does to the database, and bring `state` behind it.

    `created` collects the tables made by pending migrations: no running release knows them.
    """
    kind = _kind(operation)
    if kind == "SeparateDatabaseAndState":
        facts = []
        scratch = state.clone()
        for inner in operation.database_operations:
            facts += describe(inner, app, scratch, connection, created)
        operation.state_forwards(app, state)
        return facts
    name = _text(operation, "name") or _text(operation, "old_name")
    model = (_text(operation, "model_name") or name).lower()
    fact: Fact = {"kind": kind, "model": model, "target": name}
    fact["new"] = (app, model) in created
    fact["options"] = _options(state, app, model)
    fact["before"] = _field(state, app, model, name, connection, kind)
    operation.state_forwards(app, state)
    later = _text(operation, "new_name") or name
    fact["after"] = _field(state, app, model, later, connection, kind)
    fact["reversible"] = bool(operation.reversible)
    fact["constraint"] = _constraint(operation)
    fact["renamed"] = _renames_table(operation, app, state, kind)
    fact["value"] = bool(getattr(operation, "option_value", None))
    if kind == "CreateModel" or (kind == "RenameModel" and fact["new"]):
        created.add((app, later.lower()))
    return [fact]


def _text(operation: Any, attribute: str) -> str:
    found = getattr(operation, attribute, "")
    return found if isinstance(found, str) else ""


def _kind(operation: Any) -> str:
    """Return the name of the nearest class that is Django's own, or the class' own name."""
    for found in type(operation).__mro__:
        if found.__module__.startswith(("django.db.migrations", "django.contrib.postgres")):
            return "unknown" if found.__name__ == "Operation" else found.__name__
    return "unknown"


def _field(state: Any, app: str, model: str, name: str, connection: Any, kind: str) -> Fact | None:
    """Describe a column as it stands in `state`, or None where there is none."""
    if kind not in ("AddField", "RemoveField", "AlterField", "RenameField"):
        return None
    found = state.models.get((app, model))
    fields = {key.lower(): key for key in found.fields} if found else {}
    if name.lower() not in fields:
        return None
    field = state.apps.get_model(app, model)._meta.get_field(fields[name.lower()])
    return {
        "column": field.column,
        "type": field.db_type(connection),
        "null": bool(field.null),
        "db_default": getattr(field, "has_db_default", lambda: False)(),
        "generated": bool(getattr(field, "generated", False)),
        "unique": bool(field.unique),
        "index": bool(field.db_index),
        "many_to_many": bool(field.many_to_many),
    }


def _options(state: Any, app: str, model: str) -> Fact:
    found = state.models.get((app, model))
    options = found.options if found else {}
    return {"managed": options.get("managed", True), "proxy": options.get("proxy", False)}


def _constraint(operation: Any) -> str:
    constraint = getattr(operation, "constraint", None)
    return "" if constraint is None else type(constraint).__name__


def _renames_table(operation: Any, app: str, state: Any, kind: str) -> bool:
    """Tell whether an operation changes a table's name."""
    if kind != "RenameModel":
        return kind == "AlterModelTable"
    found = state.models.get((app, operation.new_name.lower()))
    return not (found and found.options.get("db_table"))


@contextmanager
def _advisory_lock(connection: Any) -> Iterator[None]:
    """Hold PostgreSQL's lock of this name for the session, so that nobody else migrates."""
    if connection.vendor != "postgresql":
        yield
        return
    deadline = time.monotonic() + LOCK_PATIENCE
    while not _value(connection, "SELECT pg_try_advisory_lock(%s)", [LOCK]):
        if time.monotonic() > deadline:
            raise SystemExit("Somebody else migrates this database: its advisory lock is held.")
        time.sleep(0.5)
    try:
        yield
    finally:
        _value(connection, "SELECT pg_advisory_unlock(%s)", [LOCK])


def _migrate(connection: Any) -> int:
    """Run `migrate`, again where a lock was not to be had in time; return the attempts it took."""
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
            _drop_half_made(connection, before)
            if attempt == ATTEMPTS:
                raise
        time.sleep(2 ** (attempt - 1))
    return ATTEMPTS


def _drop_half_made(connection: Any, before: set[str]) -> None:
    """Drop what CREATE INDEX CONCURRENTLY left half made: it would block the next attempt.

    To drop it concurrently blocks nobody, so that this may wait longer for those who work.
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
    """Connect; a name or a server that is not there for a moment gets a few seconds."""
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
    """Set Django up and do what is asked."""
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
