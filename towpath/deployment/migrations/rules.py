"""Judge pending migrations by their hazards to the running release. Pure.

Each operation is compared with the table of hazards; a waiver accepts a hazard with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from towpath.core.errors import NothingToJudgeError
from towpath.deployment.migrations.hazards import HAZARDS, Hazard, Operation, matters

__all__ = [
    "CODES",
    "HAZARDS",
    "MOVED_PAST",
    "HazardFinding",
    "Migration",
    "MigrationPlan",
    "blocking",
    "judge",
]

# The code for an applied migration that a release does not have (see plan.moved_past).
MOVED_PAST = "MOVED_PAST"
# The codes that a waiver may name.
CODES = frozenset((*(row.code for row in HAZARDS), MOVED_PAST))


@dataclass(frozen=True)
class HazardFinding:
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
class MigrationPlan:
    """What a release would do to a database.

    `unknown` are applied migrations that this release does not have, `newer` those of them that may
    be incompatible with it (None if that was not determined). `replaced` are squashed migrations
    whose replaced ones are applied, but which are not recorded yet. `conflicts` are migrations that
    are each the last of one app. `empty` tells that nothing was ever applied; `hash` identifies the
    pending migrations.
    """

    vendor: str
    leaves: tuple[str, ...]
    empty: bool
    unknown: tuple[str, ...]
    pending: tuple[Migration, ...]
    hash: str
    newer: tuple[str, ...] | None = None
    replaced: tuple[str, ...] = ()
    conflicts: tuple[tuple[str, ...], ...] = ()


def judge(plan: MigrationPlan, waivers: Mapping[str, str] | None = None) -> list[HazardFinding]:
    """Return every hazard of the pending migrations, in their order.

    `waivers` maps `CODE:app.0001_name`, or a bare `CODE`, to the reason why it is accepted. Raises
    NothingToJudgeError for an incomplete description of an operation.
    """
    accepted = waivers or {}
    return [
        HazardFinding(
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
        for hazard in _hazards_of(operation, plan.vendor, migration.name)
    ]


def _hazards_of(operation: Operation, vendor: str, migration: str) -> list[Hazard]:
    try:
        return [
            row for row in HAZARDS if matters(operation, row) and row.applies(operation, vendor)
        ]
    except KeyError as error:
        raise NothingToJudgeError(
            f"Invalid answer of the release about its migrations: {migration}.",
            why=f"An operation has no field {error}.",
        ) from error


def blocking(findings: Iterable[HazardFinding]) -> list[HazardFinding]:
    """Return the findings that prevent a deployment while an old release serves."""
    return [finding for finding in findings if finding.blocks and not finding.waived]


def _place(operation: Operation) -> str:
    parts = dict.fromkeys(
        part for part in (operation["model"], operation["target"].lower()) if part
    )
    return f"{operation['kind']} {'.'.join(parts)}".strip()
