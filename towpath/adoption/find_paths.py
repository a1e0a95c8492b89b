"""The directories that settings name, worked out from the code that joins them. Pure.

A path is seen as it is in the image, where the project's root is /srv/app.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping

from towpath.adoption.find_settings import Settings
from towpath.rendering.layout import ROOT

# Names that are followed from one to the next at most.
DEPTH = 12
# Methods of pathlib that change nothing here, and functions that take one path and return it.
_SAME = frozenset(("resolve", "absolute", "expanduser", "as_posix"))
_TAKE_ONE = frozenset(
    ("Path", "PosixPath", "PurePath", "str", "fspath", "abspath", "realpath", "normpath")
)
_JOIN = frozenset(("join", "joinpath", "path"))


def path_of(settings: Settings, name: str) -> str:
    """Return the absolute path of a setting in the image; empty where the code does not say it."""
    if name not in settings.values:
        return ""
    value, file = settings.values[name][-1]
    found = _Paths(settings).read(value, file, DEPTH)
    return posixpath.normpath(found) if found and found.startswith("/") else ""


def seen_from(path: str, folder: str) -> str:
    """Return an absolute path as seen from a directory of the project, where it is below that."""
    inside = posixpath.relpath(path, posixpath.normpath(posixpath.join(ROOT, folder)))
    return path if inside == ".." or inside.startswith("../") or inside == "." else inside


class _Paths:
    """Reads expressions of paths; None for one that is not understood."""

    def __init__(self, settings: Settings) -> None:
        """Read names as these settings assign them."""
        self._settings = settings
        self._kinds: Mapping[type, Callable[[ast.expr, str, int], str | None]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.BinOp: self._joined,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.JoinedStr: self._formatted,
            ast.Call: self._call,
        }

    def read(self, node: ast.AST, file: str, depth: int) -> str | None:
        """Return the path of an expression in a file, relative ones as they are written."""
        reader = self._kinds.get(type(node))
        return reader(node, file, depth - 1) if reader and depth else None  # type: ignore[arg-type]

    def _constant(self, node: ast.expr, _file: str, _depth: int) -> str | None:
        value = getattr(node, "value", None)
        return value if isinstance(value, str) else None

    def _name(self, node: ast.expr, file: str, depth: int) -> str | None:
        name = getattr(node, "id", "")
        if name == "__file__":
            return posixpath.join(ROOT, file)
        rows = self._settings.values.get(name)
        return self.read(*rows[-1], depth) if rows else None

    def _joined(self, node: ast.expr, file: str, depth: int) -> str | None:
        assert isinstance(node, ast.BinOp)
        left = self.read(node.left, file, depth)
        if left is None:
            return None
        if isinstance(node.op, ast.Sub):
            # django-environ: Path(__file__) - 2.
            steps = getattr(node.right, "value", None)
            return _up(left, steps) if isinstance(steps, int) else None
        right = self.read(node.right, file, depth)
        if right is None:
            return None
        if isinstance(node.op, ast.Div):
            return posixpath.join(left, right)
        return left + right if isinstance(node.op, ast.Add) else None

    def _attribute(self, node: ast.expr, file: str, depth: int) -> str | None:
        assert isinstance(node, ast.Attribute)
        if node.attr not in ("parent", "root"):
            return None
        found = self.read(node.value, file, depth)
        return found if found is None or node.attr == "root" else _up(found, 1)

    def _subscript(self, node: ast.expr, file: str, depth: int) -> str | None:
        assert isinstance(node, ast.Subscript)
        number = getattr(node.slice, "value", None)
        if isinstance(node.value, ast.Attribute) and node.value.attr == "parents":
            found = self.read(node.value.value, file, depth)
            return _up(found, number + 1) if found and isinstance(number, int) else None
        return None

    def _formatted(self, node: ast.expr, file: str, depth: int) -> str | None:
        assert isinstance(node, ast.JoinedStr)
        parts = [
            self.read(row.value if isinstance(row, ast.FormattedValue) else row, file, depth)
            for row in node.values
        ]
        return None if None in parts else "".join(map(str, parts))

    def _call(self, node: ast.expr, file: str, depth: int) -> str | None:
        assert isinstance(node, ast.Call)
        default = next((row.value for row in node.keywords if row.arg == "default"), None)
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if default is not None or name in ("getenv", "get"):
            # A variable: what it is without one.
            last = default if default is not None else (node.args[1:2] or [None])[0]
            return self.read(last, file, depth) if last is not None else None
        if name == "dirname" and len(node.args) == 1:
            found = self.read(node.args[0], file, depth)
            return found if found is None else _up(found, 1)
        return self._call_of_path(node, name, file, depth)

    def _call_of_path(self, node: ast.Call, name: str, file: str, depth: int) -> str | None:
        if name in _SAME and isinstance(node.func, ast.Attribute):
            return self.read(node.func.value, file, depth)
        if name in _TAKE_ONE and len(node.args) == 1:
            return self.read(node.args[0], file, depth)
        parts: list[ast.expr] = list(node.args)
        if isinstance(node.func, ast.Attribute) and name in ("joinpath", "path"):
            parts.insert(0, node.func.value)
        elif isinstance(node.func, ast.Name) and name in self._settings.values:
            # django-environ: ROOT_DIR("media").
            parts.insert(0, node.func)
        elif name not in _JOIN:
            return None
        texts = [self.read(row, file, depth) for row in parts]
        return None if not texts or None in texts else posixpath.join(*map(str, texts))


def _up(path: str, steps: int) -> str:
    """Return the directory so many steps above a path."""
    for _ in range(steps):
        path = posixpath.dirname(path)
    return path
