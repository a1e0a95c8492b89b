"""Which packages of a uv.lock the product needs, and which only an extra or a group has. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Packages = Mapping[str, Mapping[str, Any]]


def reasons(packages: Iterable[Mapping[str, Any]]) -> dict[str, str] | None:
    """Return the names that production needs, each with the extra that has it, empty for none.

    What is in no value is needed by developers only. None for a lock file that does not say it.
    """
    rows = list(packages)
    root = next((row for row in rows if _is_project(row)), None)
    if root is None:
        return None
    known = {str(row.get("name")): row for row in rows}
    found: dict[str, str] = {}
    extras = root.get("optional-dependencies")
    groups = [("", root.get("dependencies"))]
    groups += list(extras.items()) if isinstance(extras, dict) else []
    for extra, needed in groups:
        for name in _closure(needed, known):
            found.setdefault(name, extra)
    return found


def _is_project(row: Mapping[str, Any]) -> bool:
    source = row.get("source")
    return isinstance(source, dict) and "." in (source.get("virtual"), source.get("editable"))


def _closure(needed: Any, known: Packages) -> Iterator[str]:
    """Yield the names of dependencies and of all that these need, with the extras asked for."""
    seen: set[tuple[str, str]] = set()
    left = list(_names(needed))
    while left:
        name, extra = left.pop()
        if (name, extra) in seen or name not in known:
            continue
        seen.add((name, extra))
        yield name
        row = known[name]
        optional = row.get("optional-dependencies")
        inner = optional.get(extra) if extra and isinstance(optional, dict) else None
        left += [*_names(inner), *([(name, "")] if extra else _names(row.get("dependencies")))]


def _names(rows: Any) -> Iterator[tuple[str, str]]:
    """Yield each dependency, and each extra that is wanted of it, as pairs."""
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("name"), str):
            yield row["name"], ""
            extras = row.get("extra")
            for extra in extras if isinstance(extras, list) else ():
                yield row["name"], str(extra)
