"""A public function that raises one of our errors names it in its docstring.

Counted is what its own body raises, and what the private functions of its module raise for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from towpath.core import errors
from towpath.core.errors import TowpathError

ROOT = Path(__file__).parents[2]
MODULES = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "towpath").rglob("*.py"))
ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, TowpathError)
}


@cache
def parsed(module: str) -> ast.Module:
    """Return the tree of a module."""
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is in a function, without the functions and classes that are defined in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            yield child
            yield from own(child)


def last(node: ast.AST | None) -> str:
    """Return the last part of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """Return every function and method of a module by name."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {node.name: node for node in reversed(found)}


@cache
def makers() -> dict[str, str]:
    """Return the public functions of all modules that return an error, and which one."""
    rows = [node for module in MODULES for node in functions(parsed(module)).values()]
    return {row.name: last(row.returns) for row in rows if last(row.returns) in ERRORS}


def raised(node: ast.FunctionDef, known: dict[str, ast.FunctionDef], seen: set[str]) -> set[str]:
    """Return the names of the errors that leave a function."""
    found: set[str] = set()
    caught: set[str] = set()
    for part in own(node):
        if isinstance(part, ast.Raise) and isinstance(part.exc, ast.Call):
            name = last(part.exc.func)
            here = last(known[name].returns) if name in known else makers().get(name, name)
            found |= {here} & ERRORS.keys()
        elif isinstance(part, ast.Call) and _is_private(part.func, known):
            name = last(part.func)
            if name not in seen:
                seen.add(name)
                found |= raised(known[name], known, seen)
        elif isinstance(part, ast.ExceptHandler):
            rows = part.type.elts if isinstance(part.type, ast.Tuple) else [part.type]
            caught |= {last(row) for row in rows}
    return {name for name in found if not caught & names(name)}


def _is_private(node: ast.AST, known: dict[str, ast.FunctionDef]) -> bool:
    """Tell whether a private function of this module is called, or of this object."""
    mine = isinstance(node, ast.Name) or (
        isinstance(node, ast.Attribute) and last(node.value) in ("self", "cls")
    )
    name = last(node)
    return mine and name.startswith("_") and not name.startswith("__") and name in known


def names(error: str) -> set[str]:
    """Return the names that describe an error: its own, and those that it is a kind of."""
    return {kind.__name__ for kind in ERRORS[error].__mro__ if issubclass(kind, TowpathError)}


def public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """Yield public functions and methods; the docstring of a task is its help for users."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public(node)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            if not any("task" in ast.unparse(row) for row in node.decorator_list):
                yield node


def unnamed(tree: ast.Module) -> list[str]:
    """Return each public function with an error that its docstring does not name."""
    known = functions(tree)
    found = []
    for node in public(tree):
        text = ast.get_docstring(node) or ""
        for error in sorted(raised(node, known, set())):
            if not any(name in text for name in names(error)):
                found.append(f"{node.name}: {error}")
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_docstring_names_the_errors(module: str) -> None:
    """Who calls it knows what to expect without reading its body."""
    assert unnamed(parsed(module)) == []


def test_an_error_that_is_not_named_is_found() -> None:
    """Directly, through a private function, and as the result of one; not one that is caught."""
    tree = ast.parse('''
def direct(): raise ConfigurationError("x")
def through(): _check()
def made(): raise _refused()
def named():
    """Raises CommandFailedError."""
    raise RegistryNotFoundError("x")
def caught():
    try:
        _check()
    except ConfigurationError:
        pass
def _check(): raise ConfigurationError("x")
def _refused() -> GateFailedError: return GateFailedError("x")
''')

    assert unnamed(tree) == [
        "direct: ConfigurationError",
        "through: ConfigurationError",
        "made: GateFailedError",
    ]
