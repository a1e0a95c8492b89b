"""The Nox sessions as the text of noxfile.py declares them; nothing of it runs. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Session:
    """A session: what it does, whether `nox` alone runs it, and the pins that it installs."""

    name: str
    meaning: str
    each_python: bool
    by_default: bool
    pins: str


def read_sessions(text: str) -> list[Session]:
    """Return the sessions of a noxfile, in its order."""
    tree = ast.parse(text)
    default = _default(tree)
    return [
        Session(
            node.name,
            (ast.get_docstring(node) or "").splitlines()[0],
            each_python=any(
                row.arg == "python" and ast.unparse(row.value) == "PYTHONS"
                for row in _options(node)
            ),
            by_default=node.name in default,
            pins=_pins(node),
        )
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and any(map(_is_session, node.decorator_list))
    ]


def _is_session(node: ast.expr) -> bool:
    return ast.unparse(node.func if isinstance(node, ast.Call) else node) == "nox.session"


def _options(node: ast.FunctionDef) -> Iterator[ast.keyword]:
    for row in node.decorator_list:
        if isinstance(row, ast.Call):
            yield from row.keywords


def _default(tree: ast.Module) -> set[str]:
    """Return the names in `nox.options.sessions`, also of a list that is taken in there."""
    lists = {
        ast.unparse(target): node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    found = set()
    for node in ast.walk(lists["nox.options.sessions"]):
        more = lists.get(node.id) if isinstance(node, ast.Name) else node
        for row in (more.elts if isinstance(more, ast.List) else _branches(more)):
            if isinstance(row, ast.Constant):
                found.add(str(row.value))
    return found


def _branches(node: ast.AST | None) -> list[ast.expr]:
    """Return the items of the list that a condition chooses."""
    return node.body.elts if isinstance(node, ast.IfExp) and isinstance(node.body, ast.List) else []


def _pins(node: ast.FunctionDef) -> str:
    """Return the file that the session's first `install(session, NAME)` names."""
    for row in ast.walk(node):
        if isinstance(row, ast.Call) and ast.unparse(row.func) == "install":
            name = row.args[1]
            return str(name.value) if isinstance(name, ast.Constant) else ""
    return ""
