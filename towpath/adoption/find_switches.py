"""Variables that choose the database, such as `DB=postgres`, and the value for each kind. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator

from towpath.adoption.code import Code, strings
from towpath.adoption.facts import Fact
from towpath.adoption.find_services import kind_of_engine
from towpath.adoption.find_variables import NAME

# POSTGRES_DB and the like are the name of a database.
_SWITCH = re.compile(
    r"(?:DB|DATABASE)|(?:.*_)?(?:DB|DATABASE)_?(?:TYPE|ENGINE|BACKEND|VENDOR|KIND|DRIVER)"
)


def database_switches(
    code: Code, files: Iterable[str], known: Collection[str], database: str
) -> Iterator[Fact]:
    """Yield those of the known variables that choose this kind of database, as `NAME=value`.

    The value is a word that the code compares the variable with or offers, else the kind's name.
    """
    if database not in ("postgresql", "mysql"):
        return
    found: dict[str, Fact] = {}
    for path in files:
        module = code.parse(path)
        for name, line, words in _in_module(module) if module else ():
            value = _value(words, database)
            if name in known and (value or name not in found):
                row = f"{name}={value or database}"
                found[name] = Fact("database-switch", row, path, line, "chooses the database")
    yield from found.values()


def _in_module(module: ast.Module) -> Iterator[tuple[str, int, list[str]]]:
    for node in ast.walk(module):
        yield from _read(node)


def _read(node: ast.AST) -> Iterator[tuple[str, int, list[str]]]:
    """Yield each such variable that an expression reads, its line, and the words beside it."""
    if isinstance(node, ast.Compare | ast.Call):
        words = [text for text, _ in strings(node)]
        for name in words:
            if NAME.fullmatch(name) and _SWITCH.fullmatch(name):
                yield name, node.lineno, [row for row in words if row != name]


def _value(words: list[str], database: str) -> str:
    """Return the word for a kind of database; an engine of Django is named as a default is."""
    for word in words:
        if kind_of_engine(word) == database:
            return word
    dotted = [word for word in words if word.startswith("django.db.backends.")]
    return f"django.db.backends.{database}" if dotted else ""
