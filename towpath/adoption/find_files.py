"""Files and directories that the product writes, and the system's packages it needs. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from towpath.adoption import find_paths
from towpath.adoption.code import text_of
from towpath.adoption.facts import Fact
from towpath.adoption.find_libraries import ASIDE
from towpath.adoption.find_settings import Settings
from towpath.rendering.layout import ROOT

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
    place = find_paths.path_of(settings, "MEDIA_ROOT")
    for value, path in settings.values.get("MEDIA_ROOT", ())[-1:]:
        text = find_paths.seen_from(place, folder) if place else _path(value).rstrip("/")
        # A volume in the place of the code would hide it.
        if text and not f"{ROOT}/".startswith(f"{place or text}/"):
            yield Fact("media-directory", text, path, value.lineno, "sets MEDIA_ROOT")
    static = find_paths.path_of(settings, "STATIC_ROOT")
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
