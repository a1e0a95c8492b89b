"""Files and directories that the product writes, and the system's packages it needs. Pure.

A directory is worked out from the code that joins it, as it is in the image, where the project's
root is /srv/app.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Mapping

from towpath.adoption.code import text_of
from towpath.adoption.facts import Fact
from towpath.adoption.find_libraries import ASIDE
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
_FILES = (".sqlite3", ".sqlite", ".db")
# Of a library that is compiled: Debian's packages to build it, and to run it.
_PACKAGES = (
    ("psycopg-c", ("libpq-dev",), ("libpq5",)),
    ("psycopg2", ("libpq-dev",), ("libpq5",)),
    ("psycopg", (), ("libpq5",)),
    ("mysqlclient", ("default-libmysqlclient-dev", "pkg-config"), ("libmariadb3",)),
    ("pylibmc", ("libmemcached-dev", "zlib1g-dev"), ("libmemcached11t64",)),
    ("uwsgi", ("libpcre2-dev",), ()),
)


def sqlite_files(settings: Settings) -> Iterator[Fact]:
    """Yield the file of an SQLite database, seen from the directory of manage.py."""
    for value, path in settings.values.get("DATABASES", ()):
        for node in ast.walk(value):
            text = _path(node)
            if text.endswith(_FILES):
                yield Fact("sqlite-file", text, path, getattr(node, "lineno", 0), "in DATABASES")
                return


def media_directories(settings: Settings, folder: str) -> Iterator[Fact]:
    """Yield the directory of uploads, as seen from `folder`, that of manage.py; absolute outside.

    Static files in it are a fact of their own: an image cannot have what is in a volume.
    """
    place = path_of(settings, "MEDIA_ROOT")
    for value, path in settings.values.get("MEDIA_ROOT", ())[-1:]:
        text = seen_from(place, folder) if place else _path(value).rstrip("/")
        # A volume in the place of the code would hide it.
        if text and not f"{ROOT}/".startswith(f"{place or text}/"):
            yield Fact("media-directory", text, path, value.lineno, "sets MEDIA_ROOT")
    static = path_of(settings, "STATIC_ROOT")
    if place and f"{static}/".startswith(f"{place}/"):
        file, line = settings.where("STATIC_ROOT")
        yield Fact("static-in-volume", static, file, line, "STATIC_ROOT is below MEDIA_ROOT")


def system_packages(libraries: Mapping[str, Fact]) -> Iterator[Fact]:
    """Yield Debian's packages that the product's libraries need."""
    for name, build, run in _PACKAGES:
        row = libraries.get(name)
        if row is None or row.why == ASIDE or (name == "psycopg" and "psycopg-binary" in libraries):
            continue
        for topic, packages in (("build-package", build), ("run-package", run)):
            for package in packages:
                yield Fact(topic, package, row.file, row.line, f"{name} needs it")


def _path(node: ast.AST) -> str:
    """Return a path as code writes it: a text, or one joined to a directory of the project."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) and node.value.startswith("/") else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return "/".join(text for text, _ in sorted_strings(node))
    return _path_of_call(node) if isinstance(node, ast.Call) else ""


def _path_of_call(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("join", "joinpath", "path"):
        return "/".join(text.strip("/") for text, _ in sorted_strings(node))
    if len(node.args) != 1:
        return ""
    if isinstance(node.func, ast.Name) and (text := text_of(node.args[0])):
        # A function of the project that joins a path to a directory, or the class Path.
        return "" if text.startswith(".") else text
    return _path(node.args[0])


def sorted_strings(node: ast.AST) -> list[tuple[str, int]]:
    """Return the texts below a node in the order in which they are written."""
    rows = [row for row in ast.walk(node) if isinstance(row, ast.Constant)]
    texts = [row for row in rows if isinstance(row.value, str)]
    texts.sort(key=lambda row: (row.lineno, row.col_offset))
    return [(str(row.value), row.lineno) for row in texts]


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

    def read(self, node: ast.AST, file: str, depth: int) -> str | None:
        """Return the path of an expression in a file, relative ones as they are written."""
        match node if depth else None:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name):
                return self._name(name, file, depth - 1)
            case ast.BinOp() as sum_:
                return self._joined(sum_, file, depth - 1)
            case ast.Attribute() as attribute:
                return self._attribute(attribute, file, depth - 1)
            case ast.Subscript() as subscript:
                return self._subscript(subscript, file, depth - 1)
            case ast.JoinedStr() as formatted:
                return self._formatted(formatted, file, depth - 1)
            case ast.Call() as call:
                return self._call(call, file, depth - 1)
        return None

    def _name(self, name: str, file: str, depth: int) -> str | None:
        if name == "__file__":
            return posixpath.join(ROOT, file)
        rows = self._settings.values.get(name)
        return self.read(*rows[-1], depth) if rows else None

    def _joined(self, node: ast.BinOp, file: str, depth: int) -> str | None:
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

    def _attribute(self, node: ast.Attribute, file: str, depth: int) -> str | None:
        if node.attr not in ("parent", "root"):
            return None
        found = self.read(node.value, file, depth)
        return found if found is None or node.attr == "root" else _up(found, 1)

    def _subscript(self, node: ast.Subscript, file: str, depth: int) -> str | None:
        number = getattr(node.slice, "value", None)
        if isinstance(node.value, ast.Attribute) and node.value.attr == "parents":
            found = self.read(node.value.value, file, depth)
            return _up(found, number + 1) if found and isinstance(number, int) else None
        return None

    def _formatted(self, node: ast.JoinedStr, file: str, depth: int) -> str | None:
        parts = [
            self.read(row.value if isinstance(row, ast.FormattedValue) else row, file, depth)
            for row in node.values
        ]
        return None if None in parts else "".join(map(str, parts))

    def _call(self, node: ast.Call, file: str, depth: int) -> str | None:
        default = next((row.value for row in node.keywords if row.arg == "default"), None)
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if default is None and name in ("getenv", "get"):
            default = (node.args[1:2] or [ast.Constant(None)])[0]
        if default is not None:
            # A variable: what it is without one.
            return self.read(default, file, depth)
        return self._call_of_path(node, name, file, depth)

    def _call_of_path(self, node: ast.Call, name: str, file: str, depth: int) -> str | None:
        if operand := _operand(node, name):
            found = self.read(operand, file, depth)
            return _up(found, 1) if found and name == "dirname" else found
        texts = [self.read(row, file, depth) for row in self._joined_by(node, name)]
        return None if not texts or None in texts else posixpath.join(*map(str, texts))

    def _joined_by(self, node: ast.Call, name: str) -> list[ast.expr]:
        """Return the parts that a call joins to a path; none for any other call."""
        if isinstance(node.func, ast.Attribute) and name in ("joinpath", "path"):
            return [node.func.value, *node.args]
        if isinstance(node.func, ast.Name) and name in self._settings.values:
            # django-environ: ROOT_DIR("media").
            return [node.func, *node.args]
        return list(node.args) if name in _JOIN else []


def _operand(node: ast.Call, name: str) -> ast.expr | None:
    """Return the one path that a call is about, or None where it joins several or none."""
    if name in _SAME and isinstance(node.func, ast.Attribute):
        return node.func.value
    takes_one = name == "dirname" or name in _TAKE_ONE
    return node.args[0] if takes_one and len(node.args) == 1 else None


def _up(path: str, steps: int) -> str:
    """Return the directory so many steps above a path."""
    for _ in range(steps):
        path = posixpath.dirname(path)
    return path
