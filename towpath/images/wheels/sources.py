"""All wheels that were built the same way for one base image, for builds with other pins.

A change of one pin is no reason to build the other wheels again. A wheel is reused if exactly the
source that it was built from is pinned.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from towpath.config.workspace import Workspace
from towpath.core.errors import NothingToJudgeError, RegistryError
from towpath.images.wheels import registry as registries
from towpath.images.wheels import store
from towpath.images.wheels.record_reader import Wheel, WheelRecord
from towpath.images.wheels.wheels_reader import Pinned

# How many wheels are kept, the newest; a project needs a handful at a time.
LIMIT = 100


def find(workspace: Workspace, pins: Mapping[Pinned, Collection[str]]) -> WheelRecord | None:
    """Return a record of the wheels whose sources are pinned; None without any.

    Raises NothingToJudgeError for an invalid record.
    """
    sources = {source for hashes in pins.values() for source in hashes}
    for look in (registries.local, registries.remote):
        record = look(workspace, _name(workspace))
        wheels = [row for row in record.wheels if row.source in sources] if record else []
        if record and wheels:
            return replace(record, wheels=tuple(wheels))
    return None


def add(workspace: Workspace, record: WheelRecord) -> None:
    """Add wheels to the records of this machine and the registry; other bases are dropped.

    Nothing is written if the records have all of them. Wheels that others pushed are merged in the
    registry only, never into the record of this machine. Raises NothingToJudgeError for an invalid
    local record.
    """
    name = _name(workspace)
    before = registries.local(workspace, name)
    merged = _joined(record, before)
    if _is_same(merged, before):
        return
    registries.remember(workspace, name, merged)
    try:
        there = registries.remote(workspace, name, quiet=True)
        if not _is_same(both := _joined(merged, there), there):
            registries.publish(workspace, name, both)
    except (RegistryError, NothingToJudgeError) as error:
        workspace.terminal.warn(f"Cannot publish the record of the wheels to the registry: {error}")


def _joined(record: WheelRecord, more: WheelRecord | None) -> WheelRecord:
    """Return a record merged with another one for the same base, the newest first."""
    rows: Iterable[Wheel] = record.wheels
    if more is not None and more.base == record.base:
        rows = (*record.wheels, *more.wheels)
    found: dict[tuple[Pinned, str, str], Wheel] = {}
    for row in rows:
        found.setdefault(_key(row), row)
    return WheelRecord(record.base, tuple(found.values())[:LIMIT])


def _is_same(record: WheelRecord, other: WheelRecord | None) -> bool:
    """Tell whether two records have the same wheels, in any order."""
    if other is None or other.base != record.base:
        return False
    return {_key(row) for row in record.wheels} == {_key(row) for row in other.wheels}


def _key(row: Wheel) -> tuple[Pinned, str, str]:
    return row.pin, row.source, row.platform


def _name(workspace: Workspace) -> str:
    text = json.dumps([store.FORMAT, *store.recipe(workspace)], sort_keys=True)
    return f"sources-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
