"""A room stays small enough to find a module in, and a name of a class has one meaning."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Modules of a room, those of its sub-rooms apart.
MODULES = 25


def test_no_room_has_too_many_modules() -> None:
    """A larger room gets sub-rooms, or gives modules to the one room that uses them."""
    modules = [file for file in ROOT.glob("towpath/**/*.py") if file.name != "__init__.py"]
    sizes = Counter(str(file.parent.relative_to(ROOT)) for file in modules)

    assert {room: size for room, size in sizes.items() if size > MODULES} == {}


def test_a_class_name_is_used_once() -> None:
    """Whether public or private: who reads a name should not have to ask which one is meant."""
    places = defaultdict(list)
    for file in sorted(ROOT.glob("towpath/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name.lstrip("_")].append(f"{file.relative_to(ROOT)}:{node.lineno}")

    assert len(places) > 150
    assert {name: rows for name, rows in places.items() if len(rows) > 1} == {}
