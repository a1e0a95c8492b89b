"""What a Django settings module says, with what it imports from the project; nothing runs. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from towpath.adoption.code import Code, dotted, statements, strings
from towpath.adoption.facts import Fact

# Modules that settings import from each other, followed this deep.
DEPTH = 8
# Settings that only a module of settings sets.
_SIGNS = frozenset(("INSTALLED_APPS", "ROOT_URLCONF", "MIDDLEWARE", "DATABASES"))
_HELPER = re.compile(r"(?:^|[._])(?:settings|config|conf|env|environment)(?:[._]|$)")
# Parts of a module's name, and what they say about where it is used.
PRODUCTION = frozenset(("production", "prod", "live", "deploy", "deployment", "heroku", "prd"))
ELSEWHERE = frozenset(
    ("dev", "devel", "development", "local", "localdev", "test", "tests", "testing", "ci", "docker")
    + ("staging", "stage", "demo", "example", "e2e", "pytest", "debug", "build", "docs")
    + ("benchmark", "cypress", "playwright")
)
SHARED = frozenset(("base", "common", "shared", "defaults", "default", "core"))


@dataclass
class Settings:
    """The assignments of a settings module, the later ones last, and the files that were read."""

    path: str
    files: list[str] = field(default_factory=list)
    values: dict[str, list[tuple[ast.expr, str]]] = field(default_factory=dict)

    def strings(self, *names: str) -> Iterator[tuple[str, str, int]]:
        """Yield each string in the values of these settings, with its file and line."""
        for name in names:
            for value, path in self.values.get(name, ()):
                for text, line in strings(value):
                    yield text, path, line
                # CELERY_BROKER_URL = REDIS_URL: what the other setting says counts too.
                for row in ast.walk(value):
                    if isinstance(row, ast.Name) and row.id not in names:
                        yield from self._strings_of(row.id)

    def _strings_of(self, name: str) -> Iterator[tuple[str, str, int]]:
        for value, path in self.values.get(name, ()):
            for text, line in strings(value):
                yield text, path, line

    def where(self, name: str) -> tuple[str, int]:
        """Return the file and line of the last assignment of a setting."""
        value, path = self.values[name][-1]
        return path, value.lineno


def read_settings(code: Code, path: str, roots: tuple[str, ...]) -> Settings:
    """Return what a settings module says; imports of other modules of the project are followed."""
    found = Settings(path)
    _read(code, path, roots, found, DEPTH)
    return found


def _read(code: Code, path: str, roots: tuple[str, ...], into: Settings, depth: int) -> None:
    module = code.parse(path)
    if module is None or path in into.files or not depth:
        return
    into.files.append(path)
    for row in statements(module.body):
        if isinstance(row, ast.ImportFrom):
            for target in _imported(code, row, path, roots):
                _read(code, target, roots, into, depth - 1)
        else:
            _assign(row, path, into)


def _assign(row: ast.stmt, path: str, into: Settings) -> None:
    if isinstance(row, ast.Assign):
        targets: list[ast.expr] = row.targets
    elif isinstance(row, ast.AnnAssign | ast.AugAssign) and row.value is not None:
        targets = [row.target]
    else:
        return
    for target in targets:
        # DATABASES["default"]["ENGINE"] = ... is a part of DATABASES.
        while isinstance(target, ast.Subscript):
            target = target.value
        if isinstance(target, ast.Name) and row.value is not None:
            into.values.setdefault(target.id, []).append((row.value, path))


def _imported(code: Code, row: ast.ImportFrom, path: str, roots: tuple[str, ...]) -> Iterator[str]:
    """Yield the file of the project that `from x import *` or `from x import NAME` reads."""
    names = [alias.name for alias in row.names]
    if not row.module or not ("*" in names or any(map(str.isupper, names))):
        return
    if file := code.find(row.module, _roots(row, path, roots)):
        yield file


def _roots(row: ast.ImportFrom, path: str, roots: tuple[str, ...]) -> tuple[str, ...]:
    """Return where the module of an import is looked for."""
    if not row.level:
        return roots
    # One dot is the directory of the file itself.
    return (PurePosixPath(path).parents[min(row.level, path.count("/") + 1) - 1].as_posix(),)


def helpers(code: Code, files: Iterable[str], roots: tuple[str, ...]) -> Iterator[str]:
    """Yield the modules with functions by which settings read the environment or a file.

    They are those that the settings import from, and that are called after settings.
    """
    known = set(files)
    for path in files:
        module = code.parse(path)
        for row in _helping_imports(module) if module else ():
            target = code.find(row.module or "", _roots(row, path, roots))
            if target and target not in known:
                known.add(target)
                yield target


def _helping_imports(module: ast.Module) -> Iterator[ast.ImportFrom]:
    for row in statements(module.body):
        if isinstance(row, ast.ImportFrom) and _HELPER.search(row.module or ""):
            yield row


def settings_modules(code: Code, roots: tuple[str, ...]) -> Iterator[Fact]:
    """Yield the modules that look like settings of a project: by their name and what they set."""
    for path in filter(_is_named_settings, code.tree.paths):
        line = _looks_like_settings(code, path)
        if line and (name := code.name(path, roots)):
            yield Fact("settings", name, path, line, "sets what Django's settings set")


def _is_named_settings(path: str) -> bool:
    file = PurePosixPath(path)
    folders = set(file.parts[:-1])
    if file.suffix != ".py" or folders & {"tests", "migrations", "templates", "management"}:
        return False
    return "settings" in file.stem or "settings" in folders


def _looks_like_settings(code: Code, path: str) -> int:
    """Return the line that makes a module one of settings, 0 if none does."""
    module = code.parse(path)
    rows = statements(module.body) if module else ()
    return next((row.lineno for row in rows if _takes_over(row) or _sets(row)), 0)


def _takes_over(row: ast.stmt) -> bool:
    """Tell whether a statement is `from x import *` of other settings."""
    if not isinstance(row, ast.ImportFrom) or row.names[0].name != "*":
        return False
    module = row.module or ""
    return bool(row.level) or "settings" in module or module.rpartition(".")[2] in SHARED


def _sets(row: ast.stmt) -> bool:
    return isinstance(row, ast.Assign) and bool(_SIGNS & {dotted(name) for name in row.targets})


def role(module: str) -> str:
    """Return where a settings module is used, by its name: production, elsewhere, shared or any."""
    words = {word for part in module.lower().split(".") for word in part.split("_")}
    last = {word for word in module.lower().rpartition(".")[2].split("_")}
    if words & PRODUCTION:
        return "production"
    if last & ELSEWHERE:
        return "elsewhere"
    return "shared" if last & SHARED else "any"
