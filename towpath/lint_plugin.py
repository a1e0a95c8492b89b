"""Architecture rules that imports do not show, as a flake8 plugin: who prints, who judges.

| code | says |
|---|---|
| TWP4 | only towpath/core/terminal.py prints, and what runs inside a container of the product |
| TWP6 | a threshold stands in towpath/gates.py and nowhere else |

Who may import whom is held by the contracts in .importlinter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import ClassVar

from towpath import gates
from towpath.checks.lint import thresholds

# The code of the pipeline.
OURS = (("towpath",), ("noxfile",), ("tasks",))
# Where a module may print: the door to the terminal, and what runs inside the product's container.
PRINTING = (("towpath", "core", "terminal"), ("towpath", "product"))
# The table of gates, this plugin, and the list of words by which tools are told a threshold.
JUDGING = (
    ("towpath", "gates"),
    ("towpath", "lint_plugin"),
    ("towpath", "checks", "lint", "thresholds"),
)
# What gates judge. Compared with a number, it is judged somewhere else too.
FACTS = {row.fact for row in gates.known()}
ORDERINGS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class ArchitectureChecker:
    """Checks one module; flake8 makes one of these for each file."""

    name: ClassVar[str] = "towpath-architecture"
    version: ClassVar[str] = "2"

    def __init__(self, tree: ast.AST, filename: str) -> None:
        """Take the module's syntax tree and its path, as flake8 gives them."""
        self.tree = tree
        self.module = PurePath(filename.removeprefix("./")).with_suffix("").parts

    def run(self) -> Iterator[tuple[int, int, str, type]]:
        """Yield line, column, message and this class for every breach."""
        may_print = self.module[:1] != ("towpath",) or self._is_in(PRINTING)
        may_judge = self.module[:1] not in OURS or self._is_in(JUDGING)
        for node in ast.walk(self.tree):
            if not may_print and _prints(node):
                yield *_place(node), "TWP4 only towpath/core/terminal.py prints", type(self)
            if not may_judge and _threshold(node):
                yield *_place(node), f"{thresholds.CODE} {thresholds.WHY}", type(self)

    def _is_in(self, rooms: Iterable[tuple[str, ...]]) -> bool:
        return any(self.module[: len(room)] == room for room in rooms)


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 1), getattr(node, "col_offset", 0)


def _prints(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    )


def _threshold(node: ast.AST) -> bool:
    """Tell whether a fact of a gate is compared with a number, or a tool told to judge by one."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(thresholds.WORDS.search(node.value))
    if not isinstance(node, ast.Compare):
        return False
    sides = [node.left, *node.comparators]
    return (
        any(isinstance(way, ORDERINGS) for way in node.ops)
        and any(_named(side) in FACTS for side in sides)
        and any(_is_number(side) for side in sides)
    )


def _named(node: ast.expr) -> str:
    """Return the last name of what is compared: of a variable, an attribute, a key."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(args=[ast.Constant(value=str(name)), *_]):
            return name
    return ""


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)
