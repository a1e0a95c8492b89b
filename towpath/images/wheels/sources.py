"""All wheels that one recipe has made for one base: what a build with other pins takes over.

A change of one pin is no reason to ask for the others' wheels again. A wheel is taken over where
the very source that it was made from is among those that are pinned.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from towpath.config.workspace import Workspace
from towpath.core.errors import NothingToJudgeError, RegistryError
from towpath.images.wheels import registry as registries
from towpath.images.wheels import store as shed
from towpath.images.wheels.record_reader import Wheel, WheelRecord
from towpath.images.wheels.wheels_reader import Pinned

# The newest of them; a project has a handful at a time.
KEPT = 100


def find(workspace: Workspace, pins: Mapping[Pinned, Collection[str]]) -> WheelRecord | None:
    """Return a record of the wheels whose sources are pinned; None without any.

    Raises NothingToJudgeError for a record that is none.
    """
    sources = {source for hashes in pins.values() for source in hashes}
    for look in (registries.local, registries.remote):
        record = look(workspace, _name(workspace))
        wheels = [row for row in record.wheels if row.source in sources] if record else []
        if record and wheels:
            return replace(record, wheels=tuple(wheels))
    return None


def add(workspace: Workspace, record: WheelRecord) -> None:
    """Add what was made for a base, here and in the registry; what is for another one is dropped.

    Nothing is written where all of it is there. What others have put into the registry is joined
    there, and never taken into the record of this machine.
    """
    name = _name(workspace)
    before = registries.local(workspace, name)
    mine = _joined(record, before)
    if _is_same(mine, before):
        return
    registries.remember(workspace, name, mine)
    try:
        there = registries.remote(workspace, name, quiet=True)
        if not _is_same(both := _joined(mine, there), there):
            registries.publish(workspace, name, both)
    except (RegistryError, NothingToJudgeError) as error:
        workspace.terminal.warn(f"The registry does not know of these wheels: {error}")


def _joined(record: WheelRecord, more: WheelRecord | None) -> WheelRecord:
    """Return a record with what another one has for the same base, the newest first."""
    rows: Iterable[Wheel] = record.wheels
    if more is not None and more.base == record.base:
        rows = (*record.wheels, *more.wheels)
    found: dict[tuple[Pinned, str, str], Wheel] = {}
    for row in rows:
        found.setdefault(_key(row), row)
    return WheelRecord(record.base, tuple(found.values())[:KEPT])


def _is_same(record: WheelRecord, other: WheelRecord | None) -> bool:
    """Tell whether another record says nothing else, whatever the order."""
    if other is None or other.base != record.base:
        return False
    return {_key(row) for row in record.wheels} == {_key(row) for row in other.wheels}


def _key(row: Wheel) -> tuple[Pinned, str, str]:
    return row.pin, row.source, row.platform


def _name(workspace: Workspace) -> str:
    text = json.dumps([shed.FORMAT, *shed.recipe(workspace)], sort_keys=True)
    return f"stock-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
