"""manage.py, WSGI and ASGI modules, and the settings module that each of them names. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from towpath.adoption.code import Code, dotted, strings
from towpath.adoption.facts import Fact, line_of

SETTINGS = "DJANGO_SETTINGS_MODULE"
MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
# Directories whose manage.py belongs to a test, an example or a template, if there is another.
_ASIDE = frozenset(
    (
        "tests",
        "test",
        "testing",
        "docs",
        "doc",
        "examples",
        "example",
        "fixtures",
        "demo",
        "templates",
    )
    + ("project_template", "conf", "benchmarks", "samples")
)
# Files that set variables of a process, as shell, YAML, Dockerfile or INI.
_SETTING = re.compile(rf"{SETTINGS}[\"']?\s*[=:]?\s*[\"']?({MODULE.pattern})")
_OPTION = re.compile(rf"--settings(?:=|\s+)({MODULE.pattern})")


def manage_files(code: Code) -> list[Fact]:
    """Return the manage.py files, the one nearest to the root first, those of tests last."""
    found = []
    for path in code.tree.paths:
        if PurePosixPath(path).name == "manage.py":
            text = code.tree.text(path) or ""
            at = text.find("execute_from_command_line")
            if at >= 0:
                why = "calls execute_from_command_line"
                found.append(Fact("manage", path, path, line_of(text, at), why))
    return sorted(found, key=order)


def order(row: Fact) -> tuple[bool, int, str]:
    """Return what sorts manage.py files: those of tests last, then by their depth."""
    folders = PurePosixPath(row.value).parts[:-1]
    return bool(_ASIDE & set(folders)), len(folders), row.value


def import_roots(code: Code, manage: str) -> tuple[str, ...]:
    """Return the directories that modules are imported from: that of manage.py first.

    Also those that it adds to sys.path, the project's root and src.
    """
    here = PurePosixPath(manage).parent.as_posix() if manage else "."
    found = [here, *_added(code, manage, here), ".", "src"]
    folders = {part.as_posix() for path in code.tree.paths for part in PurePosixPath(path).parents}
    return tuple(dict.fromkeys(row for row in found if row in folders))


def _added(code: Code, manage: str, here: str) -> Iterator[str]:
    """Yield the directories below `here` that manage.py adds to sys.path, by their last name."""
    module = code.parse(manage) if manage else None
    for node in ast.walk(module) if module else ():
        if isinstance(node, ast.Call) and dotted(node.func) in (
            "sys.path.append",
            "sys.path.insert",
        ):
            for name, _line in strings(node):
                yield (PurePosixPath(here) / name).as_posix()


def servers(code: Code, roots: tuple[str, ...]) -> Iterator[Fact]:
    """Yield the WSGI and ASGI modules, each as `module:application`."""
    for kind in ("wsgi", "asgi"):
        call = {"wsgi": "get_wsgi_application", "asgi": "get_asgi_application"}[kind]
        for path in code.tree.paths:
            text = code.tree.text(path) if PurePosixPath(path).name == f"{kind}.py" else None
            if text and (call in text or "ProtocolTypeRouter" in text):
                made = re.search(r"^application\b", text, re.MULTILINE)
                value = f"{code.name(path, roots)}:application"
                line = line_of(text, made.start()) if made else 1
                yield Fact(kind, value, path, line, f"calls {call}")


def named_settings(code: Code) -> Iterator[Fact]:
    """Yield every settings module that a file names, with the line."""
    for path in code.tree.paths:
        file = PurePosixPath(path)
        if file.suffix == ".py":
            if file.name in (
                "manage.py",
                "wsgi.py",
                "asgi.py",
                "celery.py",
                "celery_app.py",
                "__main__.py",
            ):
                yield from _in_python(code, path)
        elif _sets_variables(file):
            yield from _in_text(path, code.tree.text(path) or "")


def _in_python(code: Code, path: str) -> Iterator[Fact]:
    module = code.parse(path)
    for node in ast.walk(module) if module else ():
        if not isinstance(node, ast.Assign | ast.Expr):
            continue
        words = list(strings(node))
        if SETTINGS in (word for word, _ in words):
            for word, line in words:
                if word != SETTINGS and MODULE.fullmatch(word):
                    yield Fact("settings", word, path, line, f"{SETTINGS} in {path}")


def _in_text(path: str, text: str) -> Iterator[Fact]:
    for pattern in (_SETTING, _OPTION):
        for match in pattern.finditer(text):
            if match[1] != SETTINGS:
                yield Fact(
                    "settings", match[1], path, line_of(text, match.start()), f"named in {path}"
                )


def _sets_variables(file: PurePosixPath) -> bool:
    """Tell whether a file may set variables of the product: containers, processes, tests, CI."""
    name = file.name.lower()
    if set(file.parts[:-1]) & {"docs", "doc", "locale", "static"}:
        return False
    return (
        name.startswith(("dockerfile", "procfile", ".env", "makefile", "justfile"))
        or name
        in ("pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml", "app.json", "heroku.yml")
        or file.suffix in (".sh", ".service", ".env", ".dockerfile")
        or file.suffix in (".yml", ".yaml")
    )
