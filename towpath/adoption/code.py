"""Python files as syntax trees: nothing of the project is imported or run. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from towpath.adoption.facts import Fact, Tree


class Code:
    """The Python files of a tree, each parsed once; `problems` are those that are not valid."""

    def __init__(self, tree: Tree) -> None:
        """Take the view of the files."""
        self.tree = tree
        self.problems: list[Fact] = []
        self._modules: dict[str, ast.Module | None] = {}
        self._paths = frozenset(tree.paths)

    def parse(self, path: str) -> ast.Module | None:
        """Return a file's syntax tree; None for one that is missing or has a syntax error."""
        if path not in self._modules:
            text = self.tree.text(path) if path in self._paths else None
            self._modules[path] = None if text is None else self._parsed(path, text)
        return self._modules[path]

    def _parsed(self, path: str, text: str) -> ast.Module | None:
        try:
            return ast.parse(text)
        except SyntaxError as error:
            why = f"has a syntax error: {error.msg}"
            self.problems.append(Fact("problem", why, path, error.lineno or 0))
        except (ValueError, RecursionError, MemoryError) as error:
            self.problems.append(Fact("problem", f"cannot be parsed: {error}", path))
        return None

    def find(self, module: str, roots: tuple[str, ...]) -> str:
        """Return the file of a module such as `shop.settings`, an empty string without one."""
        if not module:
            return ""
        inner = module.replace(".", "/")
        for root in roots:
            for name in (f"{inner}.py", f"{inner}/__init__.py"):
                path = (PurePosixPath(root) / name).as_posix()
                if path in self._paths:
                    return path
        return ""

    def name(self, path: str, roots: tuple[str, ...]) -> str:
        """Return the name by which a file is imported, seen from the nearest of these roots."""
        file = PurePosixPath(path)
        for root in sorted(roots, key=len, reverse=True):
            if root == "." or file.is_relative_to(root):
                inner = file.relative_to(root).with_suffix("")
                parts = inner.parts[:-1] if inner.name == "__init__" else inner.parts
                return ".".join(parts)
        return ""


def strings(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield every string constant below a node, with its line."""
    for row in ast.walk(node):
        if isinstance(row, ast.Constant) and isinstance(row.value, str):
            yield row.value, row.lineno


def dotted(node: ast.AST) -> str:
    """Return a name such as `os.environ.get`; an empty string for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def text_of(node: ast.AST | None) -> str:
    """Return the value of a string constant, else an empty string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module in order, also those below if, try, with and loops."""
    for row in body:
        yield row
        if isinstance(row, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for name in ("body", "orelse", "finalbody"):
            yield from statements(getattr(row, name, []))
        for handler in getattr(row, "handlers", []):
            yield from statements(handler.body)
