"""All wheels that one recipe has made for one base: what a build with other pins takes over.

A change of one pin is no reason to ask for the others' wheels again. A wheel is taken over where
the very source that it was made from is among those that are pinned.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from towpath.flows import shed
from towpath.flows.session import Session

# The newest of them; a project has a handful at a time.
KEPT = 100
_HASH = re.compile(r"sha256:([0-9a-f]{64})")


def find(session: Session, pins: Iterable[str]) -> Mapping[str, Any] | None:
    """Return a record of the wheels whose sources these requirements pin; None without any."""
    record = shed.record(session, _name(session))
    if record is None:
        return None
    sources = {source for text in pins for source in _HASH.findall(text)}
    wheels = [row for row in record["wheels"] if row.get("source") in sources]
    return {"base": record["base"], "wheels": wheels} if wheels else None


def add(session: Session, record: Mapping[str, Any]) -> None:
    """Add what was made for a base, here and in the registry; what is for another one is dropped.

    Nothing is written where all of it is there.
    """
    before = shed.record(session, _name(session)) or {}
    found = {_key(row): row for row in record["wheels"]}
    if before.get("base") == record["base"]:
        known = {_key(row): row for row in before["wheels"]}
        if found.keys() <= known.keys():
            return
        found |= {key: row for key, row in known.items() if key not in found}
    kept = {"base": record["base"], "wheels": list(found.values())[:KEPT]}
    shed.remember(session, _name(session), kept)


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["sha256"], row["platform"]


def _name(session: Session) -> str:
    text = json.dumps(shed.recipe(session), sort_keys=True)
    return f"stock-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
