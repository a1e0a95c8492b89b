"""What pending migrations do to the release that is still running. Pure.

While a deployment switches, the old release runs on the new schema. Each row of the table is one
way to break it, or to stop it by a lock, with a stable code: what people read, and waive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Operation = Mapping[str, Any]


@dataclass(frozen=True)
class Hazard:
    """A row of the table. `blocks` tells whether it stops a deployment over a running release."""

    code: str
    found: Callable[[Operation, str], bool]
    meaning: str
    advice: str
    blocks: bool = True


@dataclass(frozen=True)
class Finding:
    """A hazard in a migration; `waived` is the reason of the waiver, if there is one."""

    code: str
    migration: str
    place: str
    meaning: str
    advice: str
    blocks: bool
    waived: str = ""

    def __str__(self) -> str:
        return f"{self.code} in {self.migration} ({self.place}): {self.meaning}"


@dataclass(frozen=True)
class Migration:
    """A pending migration: its name as in app.0001_initial, and what it does."""

    name: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Plan:
    """What a release would do to a database.

    `unknown` are migrations that are applied there and that this release does not have; `empty`
    says that nothing was ever applied; `hash` stands for the pending ones.
    """

    vendor: str
    leaves: tuple[str, ...]
    empty: bool
    unknown: tuple[str, ...]
    pending: tuple[Migration, ...]
    hash: str


def judge(plan: Plan, waivers: Mapping[str, str] | None = None) -> list[Finding]:
    """Return every hazard of the pending migrations, in their order.

    `waivers` maps `CODE:app.0001_name`, or a bare `CODE`, to the reason why it is accepted.
    """
    accepted = waivers or {}
    return [
        Finding(
            hazard.code,
            migration.name,
            _place(operation),
            hazard.meaning,
            hazard.advice,
            hazard.blocks,
            accepted.get(f"{hazard.code}:{migration.name}") or accepted.get(hazard.code, ""),
        )
        for migration in plan.pending
        for operation in migration.operations
        for hazard in HAZARDS
        if _matters(operation) and hazard.found(operation, plan.vendor)
    ]


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that stop a deployment while an old release serves."""
    return [finding for finding in findings if finding.blocks and not finding.waived]


def _place(operation: Operation) -> str:
    parts = dict.fromkeys(
        part for part in (operation["model"], operation["target"].lower()) if part
    )
    return f"{operation['kind']} {'.'.join(parts)}".strip()


def _matters(operation: Operation) -> bool:
    """Whether a running release could notice: it does not know tables that are new."""
    return not operation["new"] or operation["kind"] not in KNOWN


def _changed(operation: Operation, what: str) -> bool:
    before, after = operation["before"], operation["after"]
    return bool(before and after and before[what] != after[what])


def _gained(operation: Operation, what: str) -> bool:
    """Whether a column is `what` afterwards, and was not before."""
    before, after = operation["before"], operation["after"]
    if operation["kind"] not in ("AddField", "AlterField") or not after:
        return False
    return bool(after[what] and not (before and before[what]) and after["type"])


def _drops_column(operation: Operation, _vendor: str) -> bool:
    before = operation["before"]
    return operation["kind"] == "RemoveField" and bool(before and before["type"])


def _drops_table(operation: Operation, _vendor: str) -> bool:
    options, before = operation["options"], operation["before"]
    if operation["kind"] == "RemoveField":
        return bool(before and before["many_to_many"])
    real = options["managed"] and not options["proxy"]
    return bool(operation["kind"] == "DeleteModel" and real)


def _renames_column(operation: Operation, _vendor: str) -> bool:
    kind = operation["kind"]
    return kind in ("RenameField", "AlterField") and _changed(operation, "column")


def _needs_value(operation: Operation, _vendor: str) -> bool:
    before, after = operation["before"], operation["after"]
    if not after or after["null"] or after["many_to_many"] or after["generated"]:
        return False
    if operation["kind"] == "AddField":
        return not after["db_default"]
    return operation["kind"] == "AlterField" and _took_nothing(before or {}, after)


def _took_nothing(before: Operation, after: Operation) -> bool:
    """Whether a column that now wants a value could do without one from the old release."""
    default_lost = before.get("db_default") and not after["db_default"]
    return bool(before.get("null") or default_lost)


def _changes_type(operation: Operation, _vendor: str) -> bool:
    return operation["kind"] == "AlterField" and _changed(operation, "type")


def _constrains(operation: Operation, *constraints: str) -> bool:
    added = operation["kind"] in ("AddConstraint", "AddConstraintNotValid")
    return added and operation["constraint"] in constraints


def _adds_unique(operation: Operation, _vendor: str) -> bool:
    together = operation["kind"] == "AlterUniqueTogether" and operation["value"]
    return (
        bool(together)
        or _constrains(operation, "UniqueConstraint", "ExclusionConstraint")
        or (operation["kind"] == "AlterField" and _gained(operation, "unique"))
    )


def _adds_check(operation: Operation, _vendor: str) -> bool:
    return _constrains(operation, "CheckConstraint")


def _builds_index(operation: Operation, vendor: str) -> bool:
    kind = operation["kind"]
    together = kind == "AlterIndexTogether" and bool(operation["value"])
    added = kind == "AddIndex" or together or _gained(operation, "index")
    return vendor == "postgresql" and added


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

IN_TWO = "Ship a release that no longer uses it, then remove it in the next one."

HAZARDS: tuple[Hazard, ...] = (
    Hazard("DROP_COLUMN", _drops_column, "the old release still reads and writes it.", IN_TWO),
    Hazard("DROP_TABLE", _drops_table, "the old release still reads and writes it.", IN_TWO),
    Hazard(
        "RENAME_COLUMN",
        _renames_column,
        "the old release knows the column by its old name.",
        "Keep the column's name with db_column, or add a new column and move over in steps.",
    ),
    Hazard(
        "RENAME_TABLE",
        lambda operation, _vendor: bool(operation["renamed"]),
        "the old release knows the table by its old name.",
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
        lambda operation, _vendor: operation["kind"] == "AlterOrderWithRespectTo",
        "the column _order must not be null, and the old release does not fill it.",
        "Add a field of your own with db_default instead.",
    ),
    Hazard(
        "ALTER_COLUMN",
        _changes_type,
        "the table may be rewritten under a lock, and the old release may write what no longer "
        "fits.",
        "Add a new column and move over in steps.",
    ),
    Hazard(
        "ADD_UNIQUE",
        _adds_unique,
        "the old release may write what is refused now, and the index is built under a lock.",
        "Make the old release write unique values first, then waive this.",
    ),
    Hazard(
        "ADD_CHECK",
        _adds_check,
        "the old release may write what is refused now, and every row is checked under a lock.",
        "Make the old release write fitting values first, then waive this.",
    ),
    Hazard(
        "CREATE_INDEX",
        _builds_index,
        "nobody can write to the table while the index is built.",
        "Use AddIndexConcurrently in a migration with atomic = False.",
    ),
    Hazard(
        "RUN_SQL",
        _runs("RunSQL"),
        "nobody but a reader knows what it does.",
        "Review it, then waive it by name.",
    ),
    Hazard(
        "RUN_PYTHON",
        _runs("RunPython"),
        "nobody but a reader knows what it does.",
        "Review it, then waive it by name.",
    ),
    Hazard(
        "UNKNOWN_OPERATION",
        _is_unknown,
        "it is no operation of Django's own, so that it cannot be judged.",
        "Review it, then waive it by name.",
    ),
    Hazard(
        "UNKNOWN_CONSTRAINT",
        _unknown_constraint,
        "it is no constraint of Django's own, so that it cannot be judged.",
        "Review it, then waive it by name.",
    ),
    Hazard(
        "IRREVERSIBLE",
        lambda operation, _vendor: not operation["reversible"],
        "it cannot be taken back.",
        "Give it a reverse, or keep the backup at hand.",
        blocks=False,
    ),
)
