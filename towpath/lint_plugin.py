"""The walls of the house as a flake8 plugin: who may import whom, who may print.

| code | says |
|---|---|
| TWP1 | imports point one way: this room may not import that one |
| TWP2 | a pure room does not touch files, processes, network, clock, environment or terminal |
| TWP3 | only towpath/core/runner.py starts processes |
| TWP4 | only towpath/core/terminal.py prints, and what runs inside a container of the product |
| TWP5 | app never imports towpath |
| TWP6 | a threshold stands in towpath/gates.py and nowhere else |
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePath
from typing import ClassVar

from towpath import gates
from towpath.checks.lint import thresholds

# From the bottom up; a module imports its own layer and those below it.
LAYERS = (
    ("errors", "inside", "drivers", "markup", "redaction"),
    ("documents", "environment", "files", "hazards", "images", "inputs", "remotes", "tables"),
    ("private",),
    ("locks",),
    ("gates", "migrations"),
    ("nodes", "policy", "predicate", "sources"),
    ("config", "runner", "terminal"),
    ("evidence", "judgement", "promotion", "retention", "rollout", "provenance", "report"),
    ("commands", "readers", "clients", "journal", "sarif"),
    ("engine",),
    ("flows",),
    ("tasks", "__main__", "lint_plugin"),
)
PURE = {
    *("gates", "evidence", "promotion", "rollout", "migrations", "hazards", "images"),
    *("commands", "readers"),
    *("inputs", "markup", "nodes", "policy", "provenance", "remotes", "retention", "sarif"),
    *("documents", "environment", "judgement", "predicate", "sources", "tables"),
}
WORLD = {
    *("asyncio", "docker", "http", "io", "logging", "os", "random", "requests", "rich", "secrets"),
    *("shutil", "signal", "socket", "subprocess", "tempfile", "threading", "time", "urllib"),
}
# What is named like a door and only cuts and joins text.
HARMLESS = ("urllib.parse",)
TOUCHING_CALLS = {"open", "input"}
# What gates judge. Compared with a number, it is judged somewhere else too.
FACTS = {row.fact for row in gates.known()}
ORDERINGS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class Walls:
    """Checks one module; flake8 makes one of these for each file."""

    name: ClassVar[str] = "towpath-walls"
    version: ClassVar[str] = "1"

    def __init__(self, tree: ast.AST, filename: str) -> None:
        """Take the module's syntax tree and its path, as flake8 gives them."""
        self.tree = tree
        parts = PurePath(filename.removeprefix("./")).with_suffix("").parts
        self.house = parts[0] if parts else ""
        self.room = parts[1] if len(parts) > 1 else ""
        self.is_the_list = parts == ("towpath", "readers", "thresholds")

    def run(self) -> Iterator[tuple[int, int, str, type]]:
        """Yield line, column, message and this class for every breach."""
        for node in ast.walk(self.tree):
            for message in self._breaches(node):
                yield getattr(node, "lineno", 1), getattr(node, "col_offset", 0), message, Walls

    def _breaches(self, node: ast.AST) -> Iterator[str]:
        for module in _imported(node):
            if self.house == "app" and module.split(".")[0] == "towpath":
                yield "TWP5 app never imports towpath"
            if self.house == "towpath":
                yield from self._import_breaches(module)
        if self.house == "towpath" and isinstance(node, ast.Call):
            yield from self._call_breaches(node)
        if self._may_judge_nothing() and _threshold(node):
            yield f"{thresholds.CODE} {thresholds.WHY}"

    def _may_judge_nothing(self) -> bool:
        """Tell whether this is code of the pipeline, but not the table of gates."""
        ours = self.house in {"towpath", "noxfile", "tasks"}
        return ours and self.room not in {"gates", "lint_plugin"} and not self.is_the_list

    def _import_breaches(self, module: str) -> Iterator[str]:
        top, *below = module.split(".")
        if top == "subprocess" and self.room != "runner":
            yield "TWP3 only towpath/core/runner.py starts processes"
        if self.room in PURE and top in WORLD and not module.startswith(HARMLESS):
            yield f"TWP2 {self.room} is pure and may not import {module}"
        if top == "towpath" and below and _layer(below[0]) > _layer(self.room):
            yield f"TWP1 {self.room} may not import {module}: imports point one way"

    def _call_breaches(self, node: ast.Call) -> Iterator[str]:
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        if called == "print" and self.room not in {"terminal", "inside"}:
            yield "TWP4 only towpath/core/terminal.py prints"
        if called in TOUCHING_CALLS and self.room in PURE:
            yield f"TWP2 {self.room} is pure and may not call {called}"


def _imported(node: ast.AST) -> list[str]:
    """Return the whole names of the modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom) or node.level:
        return []
    module = node.module or ""
    # `from towpath import gates` and `from urllib import parse` name modules too.
    return [f"{module}.{alias.name}" for alias in node.names]


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


def _layer(room: str) -> int:
    """Return how high a room is; one that is in no layer (this plugin) is at the bottom."""
    return next((level for level, rooms in enumerate(LAYERS) if room in rooms), 0)
