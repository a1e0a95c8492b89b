"""The variables of the environment that settings read, and whether they must be set. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from towpath.adoption.code import Code, dotted, text_of

NAME = re.compile(r"[A-Z][A-Z0-9_]+")
# Functions that return a default, or None, for a variable that is not set.
_SOFT = frozenset(("os.environ.get", "environ.get", "os.getenv", "getenv"))
_URLS = frozenset(("dj_database_url.config",))
_MAPPINGS = frozenset(("os.environ", "environ"))
# Libraries whose readers refuse a variable without a default.
_STRICT = ("environ", "decouple", "environs", "starlette.config", "prettyconf")
_CLASSES = ("Env", "FileAwareEnv", "AutoConfig", "Config")
_DEFAULTS = ("default", "fallback")


@dataclass(frozen=True)
class Variable:
    """A variable: where it is read, whether it must be set, and its default as it is written."""

    name: str
    file: str
    line: int
    required: bool
    default: str = ""
    # Without it the settings raise an error.
    refused: bool = False


def read_variables(code: Code, files: Iterable[str], helpers: Iterable[str]) -> list[Variable]:
    """Return the variables that these files read, by name; one read with a default is optional.

    `helpers` are the files whose functions may read variables for the settings.
    """
    own = frozenset(name for path in helpers for name in _own_readers(code, path))
    found: dict[str, Variable] = {}
    for path in files:
        if module := code.parse(path):
            for row in _Reader(path, _strict_readers(module), own).read(module):
                found[row.name] = _stronger(found.get(row.name, row), row)
    return sorted(found.values(), key=lambda row: row.name)


def _stronger(before: Variable, row: Variable) -> Variable:
    """Return which of two readings counts: one that raises, else one that can do without."""
    if before.refused or row.refused:
        return before if before.refused else row
    return row if before.required and not row.required else before


@dataclass(frozen=True)
class _Reader:
    """Reads one file: the names that read variables strictly, and the project's own functions."""

    path: str
    strict: frozenset[str]
    own: frozenset[str]

    def read(self, node: ast.AST, guarded: bool = False) -> Iterator[Variable]:
        """Yield the variables below a node; `guarded` are those behind a test of a variable."""
        for row in _variable(node, self.path, self.strict, self.own):
            yield replace(row, required=row.required and not guarded)
        if isinstance(node, ast.If | ast.IfExp):
            yield from self._refused(node)
            guarded = guarded or _is_switch(node.test) or any(self.read(node.test))
        for child in ast.iter_child_nodes(node):
            yield from self.read(child, guarded)

    def _refused(self, node: ast.If | ast.IfExp) -> Iterator[Variable]:
        """Yield the variables without which a condition raises an error."""
        if not isinstance(node, ast.If) or not isinstance(node.test, ast.UnaryOp):
            return
        if any(isinstance(row, ast.Raise) for row in node.body):
            for row in self.read(node.test):
                yield Variable(row.name, self.path, node.lineno, required=True, refused=True)


def _is_switch(test: ast.expr) -> bool:
    """Tell whether a condition turns an option on; DEBUG and the like tell production apart."""
    names = {row.id for row in ast.walk(test) if isinstance(row, ast.Name)}
    return not any(re.search(r"DEBUG|PROD|ENV|TEST", name.upper()) for name in names)


def _variable(
    node: ast.AST, path: str, strict: frozenset[str], own: frozenset[str]
) -> Iterator[Variable]:
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        name = text_of(node.slice)
        if dotted(node.value) in _MAPPINGS and NAME.fullmatch(name):
            yield Variable(name, path, node.lineno, required=True)
    elif isinstance(node, ast.Compare) and _is_test(node):
        yield Variable(text_of(node.left), path, node.lineno, required=False)
    elif isinstance(node, ast.Call):
        yield from _called(node, path, strict, own)


def _is_test(node: ast.Compare) -> bool:
    """Tell whether a comparison is `"NAME" in os.environ`."""
    return dotted(node.comparators[0]) in _MAPPINGS and bool(NAME.fullmatch(text_of(node.left)))


def _called(
    node: ast.Call, path: str, strict: frozenset[str], own: frozenset[str]
) -> Iterator[Variable]:
    called = dotted(node.func)
    soft = called in _SOFT or called in own or called in _URLS
    name = _asked(node, called)
    if NAME.fullmatch(name) and (soft or called.partition(".")[0] in strict):
        default = _default(node)
        yield Variable(name, path, node.lineno, not soft and default is None, default or "")


def _asked(node: ast.Call, called: str) -> str:
    """Return the name of the variable that a call asks for, an empty string if it is computed."""
    if called in _URLS:
        return _keyword(node, ("env",)) or "DATABASE_URL"
    return text_of(node.args[0]) if node.args else _keyword(node, ("var", "env", "name", "key"))


def _keyword(node: ast.Call, names: tuple[str, ...]) -> str:
    return next((text_of(row.value) for row in node.keywords if row.arg in names), "")


def _default(node: ast.Call) -> str | None:
    """Return the source of a call's default; None if it has none."""
    named = next((row.value for row in node.keywords if row.arg in _DEFAULTS), None)
    if named is None and len(node.args) > 1:
        named = node.args[1]
    return None if named is None else ast.unparse(named)


def _strict_readers(module: ast.Module) -> frozenset[str]:
    """Return the names in a module that read variables strictly: `env`, `config`."""
    return frozenset(name for node in ast.walk(module) for name in _readers_of(node))


def _readers_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        if (node.module or "").startswith(_STRICT):
            yield from (row.asname or row.name for row in node.names)
        elif node.names[0].name == "*":
            # A settings module that takes everything over from another one has its reader too.
            yield "env"
    elif isinstance(node, ast.Assign) and _made(node.value) in _CLASSES:
        yield from map(dotted, node.targets)


def _made(node: ast.expr) -> str:
    """Return the last name of what is called, an empty string for anything but a call."""
    return dotted(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""


def _own_readers(code: Code, path: str) -> Iterator[str]:
    """Yield the functions of a file that pass one of their parameters on to the environment."""
    module = code.parse(path)
    for node in module.body if module else ():
        if isinstance(node, ast.FunctionDef) and _reads_parameter(node):
            yield node.name


def _reads_parameter(node: ast.FunctionDef) -> bool:
    parameters = {row.arg for row in (*node.args.posonlyargs, *node.args.args)}
    return any(_asked_by_name(row) in parameters for row in ast.walk(node))


def _asked_by_name(node: ast.AST) -> str:
    """Return the name in `os.getenv(name)` or `os.environ[name]`, else an empty string."""
    asked: ast.expr | None = None
    if isinstance(node, ast.Call) and dotted(node.func) in _SOFT and node.args:
        asked = node.args[0]
    elif isinstance(node, ast.Subscript) and dotted(node.value) in _MAPPINGS:
        asked = node.slice
    return asked.id if isinstance(asked, ast.Name) else ""
