"""Describe what the operations of migrations do to a database, to be judged.

Runs inside the container of a release, as a part of `migrate.py`. Nothing is changed: no operation
is run, and what is asked of Django needs no connection.
"""

from __future__ import annotations

import re
from typing import Any

from towpath.product.related_models import render

Fact = dict[str, Any]
# The tables that pending migrations make; a silent one is not made in this database.
Tables = dict[tuple[str, str], bool]

# SQL that does nothing. PostgreSQL ends a comment at either end of a line.
COMMENT = re.compile(r"--[^\r\n]*|/\*.*?\*/", re.DOTALL)
CALL = re.compile(r"([a-z_][\w.]*)\s*\(", re.IGNORECASE)
# Functions that give one value for a whole statement, so that a default made of them is stored
# once and no row is rewritten (PostgreSQL: ALTER TABLE, notes). Other functions are unknown.
STABLE = frozenset(
    """statement_timestamp now transaction_timestamp current_date current_timestamp upper lower
    concat coalesce nullif abs pi round floor ceil ceiling power mod trim ltrim rtrim length left
    right substring replace repeat md5 sha256 encode cast date_trunc extract make_interval
    greatest least jsonb_build_object json_build_object jsonb_build_array to_jsonb array""".split()
)
FIELDS = ("AddField", "RemoveField", "AlterField", "RenameField")
# Operations that are described by the model that they meet, too.
MET = (*FIELDS, "RenameModel", "AlterModelTable", "DeleteModel")
# Attributes that a subclass of an operation may override without changing what it does.
OVERRIDABLE = frozenset(
    """__module__ __doc__ __qualname__ __init__ __annotations__ __firstlineno__ __dict__ __weakref__
    __static_attributes__ __slots__ describe deconstruct migration_name_fragment category elidable
    reversible reduces_to_sql serialization_expand_args reduce database_backwards""".split()
)


def describe(operation: Any, app: str, state: Any, connection: Any, created: Tables) -> list[Fact]:
    """Describe what an operation does to the database, and apply it to `state`.

    `created` collects the tables made by pending migrations: no running release knows them.
    """
    kind = _kind(operation)
    if kind != "SeparateDatabaseAndState":
        return [_describe(operation, kind, app, state, connection, created)]
    facts = []
    scratch = state.clone()
    for inner in operation.database_operations:
        facts += describe(inner, app, scratch, connection, created)
    operation.state_forwards(app, state)
    return facts


def _describe(
    operation: Any, kind: str, app: str, state: Any, connection: Any, created: Tables
) -> Fact:
    name = _text(operation, "name") or _text(operation, "old_name")
    model = (_text(operation, "model_name") or name).lower()
    later = _text(operation, "new_name") or name
    fresh = (app, model) in created
    judged = _judged(kind, fresh)
    # What the operation meets has to be read before `state` is brought behind it.
    before = _model(state, app, model, judged) if kind in MET else None
    old, tables = _field(before, name, kind), _tables(before, kind)
    met: Fact = {
        "kind": kind,
        "model": model,
        "target": name,
        "new": fresh,
        "options": _options(state, app, model),
        **_together(operation, state, app, model, kind),
        "before": _column(old, connection),
    }
    operation.state_forwards(app, state)
    after = _model(state, app, later.lower() if kind == "RenameModel" else model, judged)
    new = _field(after, later, kind)
    known = _silent(operation, app, kind, connection, after or before)
    silent = known if before or after else created.get((app, model), known)
    _note_tables(created, kind, app, model, later.lower(), silent)
    return {
        **met,
        "after": _column(new, connection),
        "altered": _altered(old, new, connection),
        "reversible": bool(operation.reversible),
        "constraint": _constraint(operation),
        "renamed": tables != _tables(after, kind),
        "silent": silent,
    }


def _judged(kind: str, fresh: bool) -> str:
    """Return the kind by which columns are judged: none for those of a new table.

    Nobody knows them yet, and they are not rendered either.
    """
    return kind if kind in ("CreateModel", "unknown") or not fresh else ""


def _note_tables(
    created: Tables, kind: str, app: str, model: str, later: str, silent: bool
) -> None:
    """Update `created`, the tables of pending migrations by their current names."""
    fresh = (app, model) in created
    if kind == "DeleteModel" or (kind == "RenameModel" and fresh):
        created.pop((app, model), None)
    if kind == "CreateModel" or (kind == "RenameModel" and fresh):
        created[app, later] = silent


def _text(operation: Any, attribute: str) -> str:
    found = getattr(operation, attribute, "")
    return found if isinstance(found, str) else ""


def _kind(operation: Any) -> str:
    """Return the name of the nearest class that is Django's own.

    A class of somebody's own that does anything else than its base cannot be judged.
    """
    found = _nearest(type(operation), OVERRIDABLE)
    return "unknown" if found == "Operation" else found


def _nearest(kind: type, told: frozenset[str]) -> str:
    for found in kind.__mro__:
        if found.__module__.startswith("django."):
            return found.__name__
        if set(vars(found)) - told:
            return "unknown"
    return "unknown"


def _model(state: Any, app: str, model: str, kind: str) -> Any:
    """Return the model as it stands in `state`, or None where none is judged."""
    if kind in ("", "unknown", "RunSQL", "RunPython"):
        return None
    return render(state, (app, model))


def _field(model: Any, name: str, kind: str) -> Any:
    if model is None or kind not in FIELDS:
        return None
    own = (*model._meta.local_fields, *model._meta.local_many_to_many)
    return next((field for field in own if field.name.lower() == name.lower()), None)


def _column(field: Any, connection: Any) -> Fact | None:
    """Describe a column, or None where there is none.

    `many_to_many` says that Django keeps a table for the field; `through` names it with its
    columns. `references` is empty where the database does not look after a reference.
    """
    if field is None:
        return None
    parameters = field.db_parameters(connection)
    generated = bool(getattr(field, "generated", False))
    through = _through(field)
    return {
        "column": field.column,
        "type": parameters["type"],
        "null": bool(field.null),
        "default": bool(field.has_default()),
        "db_default": getattr(field, "has_db_default", lambda: False)(),
        "volatile": _volatile(field, connection),
        "generated": generated,
        "stored": generated and bool(field.db_persist),
        "unique": bool(field.unique),
        "primary_key": bool(field.primary_key),
        "index": bool(field.db_index and not field.unique),
        "many_to_many": bool(through),
        "through": " ".join(through),
        "check": parameters.get("check") or "",
        "collation": parameters.get("collation") or "",
        "identity": _identity(field, parameters["type"] or "", connection),
        "references": _references(field, parameters["type"]),
        "referenced": _referenced(field),
    }


def _identity(field: Any, kind: str, connection: Any) -> str:
    """Return how the database numbers rows by this column, or nothing."""
    suffix: str | None = field.db_type_suffix(connection)
    return suffix or ("serial" if "serial" in kind else "")


def _through(field: Any) -> tuple[str, ...]:
    """Return the table that Django keeps for a field with many values, and its columns."""
    if not field.many_to_many or not field.remote_field.through._meta.auto_created:
        return ()
    table = field.remote_field.through._meta.db_table
    return table, field.m2m_column_name(), field.m2m_reverse_name()


def _references(field: Any, kind: str | None) -> str:
    if not kind or not field.remote_field or not getattr(field, "db_constraint", False):
        return ""
    target = field.target_field
    return f"{target.model._meta.db_table}.{target.column}"


def _referenced(field: Any) -> bool:
    """Tell whether the database keeps a reference to this column."""
    relations = field.model._meta.get_fields(include_hidden=True)
    return any(
        row.auto_created
        and not row.concrete
        and (row.one_to_one or row.one_to_many)
        and getattr(row.field, "db_constraint", False)
        and row.field.target_field.name == field.name
        for row in relations
    )


def _volatile(field: Any, connection: Any) -> bool:
    """Tell whether the database default may differ for each row."""
    if not getattr(field, "has_db_default", lambda: False)():
        return False
    sql, _ = connection.schema_editor().db_default_sql(field)
    outside = re.sub(r"'[^']*'", "", sql)
    return any(name.lower() not in STABLE for name in CALL.findall(outside))


def _altered(before: Any, after: Any, connection: Any) -> bool:
    """Tell whether Django would change anything in the database, but for a comment."""
    if before is None or after is None or before.many_to_many or after.many_to_many:
        return False
    editor = connection.schema_editor()
    return bool(editor._field_should_be_altered(before, after, ignore={"db_comment"}))


def _options(state: Any, app: str, model: str) -> Fact:
    found = state.models.get((app, model))
    options = found.options if found else {}
    return {"managed": options.get("managed", True), "proxy": options.get("proxy", False)}


def _together(operation: Any, state: Any, app: str, model: str, kind: str) -> Fact:
    """Tell whether an option of a model gains something in the database, and whether it loses."""
    found = state.models.get((app, model))
    options = found.options if found else {}
    if kind == "AlterOrderWithRespectTo":
        before, after = options.get("order_with_respect_to"), operation.order_with_respect_to
        return {"value": bool(after and not before), "dropped": bool(before and not after)}
    if kind not in ("AlterUniqueTogether", "AlterIndexTogether"):
        return {"value": False, "dropped": False}
    sets = {tuple(row) for row in options.get(operation.option_name) or ()}
    return {"value": bool(set(operation.option_value or ()) - sets), "dropped": False}


def _constraint(operation: Any) -> str:
    constraint = getattr(operation, "constraint", None)
    return "" if constraint is None else _nearest(type(constraint), OVERRIDABLE)


def _tables(model: Any, kind: str) -> set[tuple[str, ...]]:
    """Return the names of a model's table and of those that join it, with their columns.

    None where the operation gives none of them another name.
    """
    if model is None or kind not in ("RenameModel", "AlterModelTable"):
        return set()
    meta = model._meta
    joined = [*meta.local_many_to_many]
    joined += [row.field for row in meta.related_objects if row.many_to_many]
    return {(meta.db_table,), *filter(None, map(_through, joined))}


def _silent(operation: Any, app: str, kind: str, connection: Any, model: Any) -> bool:
    """Tell whether an operation sends nothing to this database."""
    from django.db import router

    if kind in ("RunSQL", "RunPython"):
        allowed = router.allow_migrate(connection.alias, app, **(operation.hints or {}))
        return not allowed or _does_nothing(operation, kind)
    return model is not None and not operation.allow_migrate_model(connection.alias, model)


def _does_nothing(operation: Any, kind: str) -> bool:
    from django.db.migrations import RunPython

    if kind == "RunPython":
        return operation.code is RunPython.noop
    rows = [operation.sql] if isinstance(operation.sql, str) else operation.sql
    texts = [row if isinstance(row, str) else row[0] for row in rows]
    return not any(COMMENT.sub("", text).strip(" \t\r\n;") for text in texts)
