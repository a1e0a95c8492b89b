"""Which Pythons and which Django a project supports, and who says so. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from towpath.adoption.facts import Fact, Tree, line_of
from towpath.adoption.find_libraries import table

_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")
_MINOR = re.compile(r"3\.\d+")
_IMAGE = re.compile(r"^\s*FROM\s+(?:--\S+\s+)?\S*?python:(3\.\d+)", re.MULTILINE | re.IGNORECASE)
_NAMED = re.compile(r"(?:^|python[- ])(3\.\d+)", re.MULTILINE)
_SETUP = re.compile(r"python_requires\s*=\s*[\"']?([^\"'\n,)]*(?:,[^\"'\n)]*)*)")


def python_versions(tree: Tree, folders: tuple[str, ...]) -> Iterator[Fact]:
    """Yield what the project says about Python: its range, classifiers, and the version in use."""
    for folder in folders:
        yield from _pyproject(tree, _below(folder, "pyproject.toml"))
        for name in ("setup.cfg", "setup.py"):
            rows = _matches(tree, _below(folder, name), _SETUP)
            yield from (Fact("python-range", *row, "python_requires") for row in rows)
        for name in (".python-version", "runtime.txt", ".tool-versions"):
            rows = _matches(tree, _below(folder, name), _NAMED)
            yield from (Fact("python", *row, name) for row in rows)
    for path in tree.paths:
        if PurePosixPath(path).name.startswith("Dockerfile"):
            yield from (Fact("python", *row, "base image") for row in _matches(tree, path, _IMAGE))


def _below(folder: str, name: str) -> str:
    return (PurePosixPath(folder) / name).as_posix()


def _matches(tree: Tree, path: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, str, int]]:
    """Yield what a pattern finds in a file, with the file and line."""
    text = tree.text(path) or ""
    for match in pattern.finditer(text):
        yield match[1].strip(), path, line_of(text, match.start(1))


def _pyproject(tree: Tree, path: str) -> Iterator[Fact]:
    text = tree.text(path) or ""
    document = table(text)
    project = document.get("project")
    rows: Mapping[str, Any] = project if isinstance(project, dict) else {}
    limit = rows.get("requires-python")
    if isinstance(limit, str):
        line = line_of(text, text.find("requires-python"))
        yield Fact("python-range", limit, path, line, "requires-python")
    else:
        yield from _poetry(document, path, text)
    marks = rows.get("classifiers")
    for mark in marks if isinstance(marks, list) else ():
        if match := _CLASSIFIER.fullmatch(str(mark)):
            yield Fact(
                "classifier", match[1], path, line_of(text, text.find(str(mark))), "classifier"
            )


def _poetry(document: Mapping[str, Any], path: str, text: str) -> Iterator[Fact]:
    found: Any = document
    for key in ("tool", "poetry", "dependencies", "python"):
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, str):
        line = line_of(text, max(text.find("python ="), 0))
        yield Fact("python-range", caret(found), path, line, "tool.poetry.dependencies")


def caret(limit: str) -> str:
    """Return Poetry's `^3.11` or `3.11` as a specifier of PEP 440."""
    if match := re.fullmatch(r"\^(\d+)((?:\.\d+)*)", limit.strip()):
        return f">={match[1]}{match[2]},<{int(match[1]) + 1}"
    return f"=={limit.strip()}" if re.fullmatch(r"[\d.*]+", limit.strip()) else limit


def django_version(libraries: Mapping[str, Fact]) -> Iterator[Fact]:
    """Yield the version of Django, or what limits it."""
    if row := libraries.get("django"):
        yield Fact("django", row.value or "any", row.file, row.line, "dependency")


def allowed_minors(limit: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the known Pythons that a specifier allows; all for an invalid one."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        wanted = SpecifierSet(caret(limit))
    except InvalidSpecifier:
        return known
    return tuple(
        row for row in known if any(wanted.contains(f"{row}.{patch}") for patch in (0, 99))
    )
