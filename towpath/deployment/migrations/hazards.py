"""The hazards of migrations: how an operation can break the release that is still running. Pure.

During a deployment, the old release runs on the new schema. Each row of the table is one way to
break it, or to block it by a lock, with a stable code for messages and waivers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Operation = Mapping[str, Any]


@dataclass(frozen=True)
class Hazard:
    """A row of the table; `blocks` tells whether it prevents a deployment."""

    code: str
    applies: Callable[[Operation, str], bool]
    meaning: str
    advice: str
    blocks: bool = True


def matters(operation: Operation, hazard: Hazard) -> bool:
    """Whether a running release could notice: it does not know tables that are new."""
    if operation.get("silent"):
        return False
    return not operation["new"] or operation["kind"] not in KNOWN or hazard.code in ANYWHERE


def _changed(operation: Operation, what: str) -> bool:
    before, after = operation["before"], operation["after"]
    return bool(before and after and before.get(what) != after.get(what))


def _gained(operation: Operation, what: str) -> bool:
    """Whether a column is `what` afterwards, and was not before."""
    before, after = operation["before"], operation["after"]
    if operation["kind"] not in ("AddField", "AlterField") or not after:
        return False
    return bool(after.get(what) and not (before and before.get(what)) and after["type"])


def _drops_column(operation: Operation, _vendor: str) -> bool:
    before = operation["before"]
    if operation["kind"] == "AlterOrderWithRespectTo":
        return bool(operation.get("dropped"))
    return operation["kind"] == "RemoveField" and bool(before and before["type"])


def _drops_table(operation: Operation, _vendor: str) -> bool:
    options, before = operation["options"], operation["before"]
    if operation["kind"] == "RemoveField":
        return bool(before and before["many_to_many"])
    real = options["managed"] and not options["proxy"]
    return bool(operation["kind"] == "DeleteModel" and real)


def _renames_column(operation: Operation, _vendor: str) -> bool:
    renamed = operation["kind"] in ("RenameField", "AlterField") and _changed(operation, "column")
    return renamed and bool(operation["before"]["type"])


def _renames_table(operation: Operation, _vendor: str) -> bool:
    """Whether a table, or one that joins it, or a column of that, has another name afterwards."""
    before, after = operation["before"], operation["after"]
    joined = before and after and before.get("through") and after.get("through")
    return bool(operation["renamed"] or (joined and _changed(operation, "through")))


def _needs_value(operation: Operation, _vendor: str) -> bool:
    before, after = operation["before"], operation["after"]
    if not after or after["null"] or not after["type"] or after["generated"]:
        return False
    if operation["kind"] == "AddField":
        return not after["db_default"] and not after.get("identity")
    return operation["kind"] == "AlterField" and _took_nothing(before or {}, after)


def _took_nothing(before: Operation, after: Operation) -> bool:
    """Whether a column that now wants a value could do without one from the old release."""
    default_lost = before.get("db_default") and not after["db_default"]
    return bool(before.get("null") or default_lost)


def _rewrites(operation: Operation, _vendor: str) -> bool:
    """Whether every row of a table gets a value of its own for a new column."""
    after = operation["after"]
    if operation["kind"] != "AddField" or not after or not after["type"]:
        return False
    return bool(after.get("stored") or after.get("volatile") or after.get("identity"))


def _changes_type(operation: Operation, vendor: str) -> bool:
    if operation["kind"] != "AlterField":
        return False
    if _changed(operation, "collation") or _changed(operation, "identity"):
        return True
    before, after = operation["before"], operation["after"]
    return _changed(operation, "type") and not (
        vendor == "postgresql" and _only_wider(before["type"], after["type"])
    )


def _only_wider(before: str | None, after: str | None) -> bool:
    """Whether PostgreSQL changes a type without looking at a row, and all old values fit.

    Source: PostgreSQL's ALTER TABLE, notes; a length or a precision only grows.
    """
    old, new = _TYPE.fullmatch(before or ""), _TYPE.fullmatch(after or "")
    if not old or not new or (old[1], new[1]) not in _GROWING:
        return False
    if not new[2]:
        return True
    return bool(old[2] and int(new[2]) >= int(old[2]) and new[3] == old[3])


def _constrains(operation: Operation, *constraints: str) -> bool:
    added = operation["kind"] in ("AddConstraint", "AddConstraintNotValid")
    return added and operation["constraint"] in constraints


def _adds_unique(operation: Operation, _vendor: str) -> bool:
    together = operation["kind"] == "AlterUniqueTogether" and operation["value"]
    after = operation["after"]
    other_key = operation["kind"] == "AlterField" and _changed(operation, "primary_key")
    return (
        bool(together)
        or _constrains(operation, "UniqueConstraint", "ExclusionConstraint")
        or _gained(operation, "unique")
        or bool(other_key and after.get("unique"))
    )


def _adds_check(operation: Operation, _vendor: str) -> bool:
    return _constrains(operation, "CheckConstraint") or _gained(operation, "check")


def _adds_reference(operation: Operation, _vendor: str) -> bool:
    """Whether rows are looked up in the table that they point to.

    Of a new column only where it has values. Django makes a reference anew whenever the column is
    altered, and those to a column when its type is.
    """
    kind, after = operation["kind"], operation["after"]
    if not after or kind not in ("AddField", "AlterField", "RenameField"):
        return False
    if kind == "AddField":
        return bool(after.get("references") and (after.get("default") or after["db_default"]))
    return _made_anew(operation, after)


def _made_anew(operation: Operation, after: Operation) -> bool:
    if operation["before"] and after.get("referenced") and _changed(operation, "type"):
        return True
    moved = _changed(operation, "references") or bool(operation.get("altered"))
    return bool(after.get("references") and moved)


def _builds_index(operation: Operation, vendor: str) -> bool:
    kind = operation["kind"]
    together = kind == "AlterIndexTogether" and bool(operation["value"])
    added = kind == "AddIndex" or together or _gained(operation, "index")
    return vendor == "postgresql" and added


def _wants_no_transaction(operation: Operation, vendor: str) -> bool:
    concurrent = operation["kind"] in ("AddIndexConcurrently", "RemoveIndexConcurrently")
    return vendor == "postgresql" and concurrent and bool(operation.get("atomic"))


def _runs(kind: str) -> Callable[[Operation, str], bool]:
    return lambda operation, _vendor: operation["kind"] == kind


def _is_unknown(operation: Operation, _vendor: str) -> bool:
    return operation["kind"] not in KNOWN


def _unknown_constraint(operation: Operation, _vendor: str) -> bool:
    ours = ("", "UniqueConstraint", "ExclusionConstraint", "CheckConstraint")
    return operation["kind"].startswith("AddConstraint") and operation["constraint"] not in ours


KNOWN = frozenset(
    """CreateModel DeleteModel RenameModel AlterModelTable AlterModelTableComment AlterModelOptions
    AlterModelManagers AlterUniqueTogether AlterIndexTogether AlterOrderWithRespectTo AddField
    RemoveField AlterField RenameField AddIndex RemoveIndex RenameIndex AddConstraint
    RemoveConstraint AlterConstraint RunSQL RunPython AddIndexConcurrently RemoveIndexConcurrently
    AddConstraintNotValid ValidateConstraint CreateExtension BloomExtension BtreeGinExtension
    BtreeGistExtension CITextExtension CryptoExtension HStoreExtension TrigramExtension
    UnaccentExtension CreateCollation RemoveCollation""".split()
)

# What PostgreSQL calls the types whose lengths can grow; those of an array are no such type.
_TYPE = re.compile(r"(varchar|text|numeric)(?:\((\d+)(?:, ?(\d+))?\))?")
_GROWING = {
    *(("varchar", "varchar"), ("varchar", "text"), ("text", "varchar"), ("numeric", "numeric")),
}
# What fails on a new table too.
ANYWHERE = ("CONCURRENTLY_IN_TRANSACTION",)
IN_TWO = "Ship a release that no longer uses it, then remove it in the next one."

HAZARDS: tuple[Hazard, ...] = (
    Hazard("DROP_COLUMN", _drops_column, "the old release still reads and writes it.", IN_TWO),
    Hazard("DROP_TABLE", _drops_table, "the old release still reads and writes it.", IN_TWO),
    Hazard(
        "RENAME_COLUMN",
        _renames_column,
        "the old release uses the old name of the column.",
        "Keep the column's name with db_column, or add a new column and migrate in steps.",
    ),
    Hazard(
        "RENAME_TABLE",
        _renames_table,
        "the old release uses the old name of the table.",
        "Keep the table's name with Meta.db_table.",
    ),
    Hazard(
        "NOT_NULL",
        _needs_value,
        "the old release does not give it a value, and Django drops the database's default at "
        "once, so its INSERTs fail.",
        "Give the field db_default, which stays in the database, or null=True.",
    ),
    Hazard(
        "NOT_NULL",
        lambda operation, _vendor: operation["kind"] == "AlterOrderWithRespectTo"
        and bool(operation["value"]),
        "the column _order must not be null, and the old release does not fill it.",
        "Add a field of your own with db_default instead.",
    ),
    Hazard(
        "REWRITE_TABLE",
        _rewrites,
        "every row is rewritten, and the table can be neither read nor written meanwhile.",
        "Add the column as null=True without a default, fill it in steps, or waive this for a "
        "small table.",
    ),
    Hazard(
        "ALTER_COLUMN",
        _changes_type,
        "the table may be rewritten under a lock, and the old release may write values that are "
        "no longer valid.",
        "Add a new column and migrate in steps.",
    ),
    Hazard(
        "ADD_UNIQUE",
        _adds_unique,
        "the old release may write values that are now refused, and the index is built under a"
        " lock.",
        "Make the old release write unique values first, then waive this.",
    ),
    Hazard(
        "ADD_CHECK",
        _adds_check,
        "the old release may write values that are now refused; rows are checked under a lock.",
        "Make the old release write valid values first, then waive this.",
    ),
    Hazard(
        "ADD_FOREIGN_KEY",
        _adds_reference,
        "every row is looked up in the other table while both are locked, and the old release may "
        "write values that are now refused.",
        "Remove rows that point nowhere first, then waive this; for a big table add the constraint "
        "as NOT VALID in a RunSQL, and validate it in the next migration.",
    ),
    Hazard(
        "CREATE_INDEX",
        _builds_index,
        "the table cannot be written while the index is built.",
        "Use AddIndexConcurrently in a migration with atomic = False.",
    ),
    Hazard(
        "CONCURRENTLY_IN_TRANSACTION",
        _wants_no_transaction,
        "PostgreSQL refuses it inside a transaction, so that it cannot be applied.",
        "Set atomic = False in this migration.",
    ),
    Hazard(
        "RUN_SQL",
        _runs("RunSQL"),
        "cannot be analysed automatically.",
        "Review it, then waive it by name.",
    ),
    Hazard(
        "RUN_PYTHON",
        _runs("RunPython"),
        "cannot be analysed automatically.",
        "Review it, then waive it by name.",
    ),
    Hazard(
        "UNKNOWN_OPERATION",
        _is_unknown,
        "it is not one of Django's operations and cannot be analysed automatically.",
        "Review it, then waive it by name.",
    ),
    Hazard(
        "UNKNOWN_CONSTRAINT",
        _unknown_constraint,
        "it is not one of Django's constraints and cannot be analysed automatically.",
        "Review it, then waive it by name.",
    ),
    Hazard(
        "IRREVERSIBLE",
        lambda operation, _vendor: not operation["reversible"],
        "it cannot be reversed.",
        "Add a reverse operation, or keep the backup.",
        blocks=False,
    ),
)
