"""Which tests can fail: one that asserts nothing, or only that a mock was called, shows nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

RAISING = {"raises", "fail", "warns", "RaisesGroup"}
# What a mock says of its own calls; where a result can be asserted, that is the better test.
MOCKED = {"assert_called", "assert_called_once", "assert_called_with", "assert_called_once_with"}
MOCKED |= {"assert_any_call", "assert_has_calls", "assert_not_called"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Weak:
    """A test, or a part of one, that cannot fail as it should."""

    path: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.why}"


def weak(modules: Mapping[str, str]) -> list[Weak]:
    """Return what is weak in these test modules: source by path.

    A test may leave its assertion to a function of its module, or to one that its module imports
    from another of these.
    """
    walked = {path: list(ast.walk(ast.parse(text))) for path, text in modules.items()}
    everywhere = set().union(*(_helpers(nodes, set()) for nodes in walked.values()))
    return [row for path, nodes in walked.items() for row in _of_module(path, nodes, everywhere)]


def _of_module(path: str, nodes: Sequence[ast.AST], everywhere: set[str]) -> Iterator[Weak]:
    helpers = _helpers(nodes, everywhere & _imported(nodes))
    for node in nodes:
        if isinstance(node, Function) and node.name.startswith("test_"):
            if not _asserts(node) and not helpers & _called(node):
                yield Weak(path, node.lineno, f"{node.name} asserts nothing")
        if isinstance(node, ast.Assert) and _is_always_true(node.test):
            yield Weak(path, node.lineno, "an assertion that is always true")
        if isinstance(node, ast.Attribute) and node.attr in MOCKED:
            yield Weak(path, node.lineno, f"{node.attr} asserts a call where a result belongs")


def _helpers(nodes: Sequence[ast.AST], imported: set[str]) -> set[str]:
    """Return the functions of a module that assert, by themselves or by another one of these."""
    functions = [
        node for node in nodes if isinstance(node, Function) and not node.name.startswith("test_")
    ]
    found = imported | {node.name for node in functions if _asserts(node)}
    while more := {row.name for row in functions if found & _called(row)} - found:
        found |= more
    return found


def _imported(nodes: Sequence[ast.AST]) -> set[str]:
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if (node.module or "").split(".")[0] == "tests"]
    return {alias.name for node in ours for alias in node.names}


@cache
def _inside(function: Function) -> tuple[bool, frozenset[str], frozenset[str]]:
    """Return whether a function has an assertion, and the plain names and attributes it calls."""
    nodes = list(ast.walk(function))
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    return (
        any(isinstance(node, ast.Assert) for node in nodes),
        frozenset(call.id for call in calls if isinstance(call, ast.Name)),
        frozenset(call.attr for call in calls if isinstance(call, ast.Attribute)),
    )


def _asserts(function: Function) -> bool:
    """Say whether a function asserts by itself, or through pytest: `pytest.raises(...)`."""
    asserts, _, attributes = _inside(function)
    return asserts or bool(RAISING & attributes)


def _called(function: Function) -> frozenset[str]:
    return _inside(function)[1]


def _is_always_true(test: ast.expr) -> bool:
    """Say whether an asserted expression is a constant, or a tuple that someone meant as two."""
    return isinstance(test, ast.Tuple) or (isinstance(test, ast.Constant) and bool(test.value))
