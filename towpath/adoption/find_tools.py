"""Tests, linters, node, static files and CI: what the project already has. Pure."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from towpath.adoption.code import strings, text_of
from towpath.adoption.facts import Fact, Tree, line_of
from towpath.adoption.find_libraries import table
from towpath.adoption.find_settings import Settings

# A linter, its files of settings, and its section in shared files.
_LINTERS = (
    ("ruff", ("ruff.toml", ".ruff.toml"), ("tool.ruff",)),
    ("flake8", (".flake8",), ("flake8",)),
    ("black", (), ("tool.black",)),
    ("isort", (".isort.cfg",), ("tool.isort", "isort", "settings")),
    ("mypy", ("mypy.ini", ".mypy.ini"), ("tool.mypy", "mypy")),
    ("pyright", ("pyrightconfig.json",), ("tool.pyright",)),
    ("pylint", (".pylintrc", "pylintrc"), ("tool.pylint",)),
    ("bandit", (".bandit",), ("tool.bandit",)),
    ("pre-commit", (".pre-commit-config.yaml",), ()),
    ("djlint", (".djlintrc",), ("tool.djlint",)),
    ("import-linter", (".importlinter",), ("tool.importlinter",)),
)
_PYTEST_FILES = ("pytest.ini", ".pytest.ini", "conftest.py")
# Directories whose package.json belongs to a copied library, or to a test.
_FOREIGN = frozenset(("static", "vendor", "docs", "tests"))
_SHARED = ("pyproject.toml", "setup.cfg", "tox.ini")
_NODE_LOCKS = (
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("package-lock.json", "npm"),
)
# Storages on other machines: of django-storages, and classes that are named after one.
_REMOTE = re.compile(
    r"storages\.backends\.|S3\w*Storage|S3Static|GoogleCloud|GCloud|Azure\w*Storage"
)
_CI = (
    (re.compile(r"\.github/workflows/[^/]+\.ya?ml"), "github"),
    (re.compile(r"\.gitlab-ci\.yml"), "gitlab"),
    (re.compile(r"\.circleci/config\.yml"), "circleci"),
    (re.compile(r"Jenkinsfile"), "jenkins"),
    (re.compile(r"bitbucket-pipelines\.yml"), "bitbucket"),
    (re.compile(r"azure-pipelines\.yml"), "azure"),
    (re.compile(r"\.woodpecker(?:\.ya?ml|/.*)"), "woodpecker"),
    (re.compile(r"\.travis\.yml"), "travis"),
)


def _sections(text: str) -> Iterator[tuple[str, int]]:
    """Yield the headings of a TOML or INI file with their lines."""
    for match in re.finditer(r"^\[+\s*([^\]]+?)\s*\]+", text, re.MULTILINE):
        yield match[1].removeprefix("tool:"), line_of(text, match.start())


def linters(tree: Tree, folders: tuple[str, ...]) -> Iterator[Fact]:
    """Yield the linters that the project has set up, with the place of their settings."""
    for folder in folders:
        here = PurePosixPath(folder)
        for linter, files, sections in _LINTERS:
            for file in files:
                if tree.text((here / file).as_posix()) is not None:
                    yield Fact("linter", linter, (here / file).as_posix(), 1, "its settings")
            for name, path, line in _shared(tree, here):
                if _is_section(name, sections):
                    yield Fact("linter", linter, path, line, f"[{name}]")


def _shared(tree: Tree, folder: PurePosixPath) -> Iterator[tuple[str, str, int]]:
    """Yield the headings of the files that several tools share."""
    for file in _SHARED:
        path = (folder / file).as_posix()
        for name, line in _sections(tree.text(path) or ""):
            yield name, path, line


def _is_section(name: str, sections: tuple[str, ...]) -> bool:
    return any(
        name == row or (row.startswith("tool.") and name.startswith(f"{row}.")) for row in sections
    )


def test_runner(
    tree: Tree, folders: tuple[str, ...], libraries: Mapping[str, Fact], manage: str
) -> Fact:
    """Return how the project runs its tests: pytest where it is set up or used, else manage.py."""
    for folder in map(PurePosixPath, folders):
        for file in _PYTEST_FILES:
            if tree.text((folder / file).as_posix()) is not None:
                return Fact("tests", "pytest", (folder / file).as_posix(), 1, f"has {file}")
        for name, path, line in _shared(tree, folder):
            if name in ("tool.pytest.ini_options", "tool.pytest", "pytest"):
                return Fact("tests", "pytest", path, line, f"[{name}]")
    if row := libraries.get("pytest-django"):
        return Fact("tests", "pytest", row.file, row.line, "depends on pytest-django")
    return Fact("tests", "manage.py test", manage, 1 if manage else 0, "pytest is not set up")


def node(tree: Tree) -> Iterator[Fact]:
    """Yield the directories with a package.json, and their package manager."""
    paths = set(tree.paths)
    for path in tree.paths:
        file = PurePosixPath(path)
        if file.name != "package.json" or set(file.parts[:-1]) & _FOREIGN:
            continue
        document = _json(tree.text(path))
        if document is not None:
            script = "script build" if _has_build(document) else "no script build"
            manager = _manager(document, file.parent, paths)
            yield Fact("node", manager, path, 1, f"{file.parent}, {script}")


def _has_build(document: Mapping[str, object]) -> bool:
    scripts = document.get("scripts")
    return isinstance(scripts, dict) and "build" in scripts


def _json(text: str | None) -> dict[str, object] | None:
    try:
        document = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _manager(document: Mapping[str, object], folder: PurePosixPath, paths: set[str]) -> str:
    named = document.get("packageManager")
    if isinstance(named, str) and named.partition("@")[0]:
        return named.partition("@")[0]
    for lock, manager in _NODE_LOCKS:
        if (folder / lock).as_posix() in paths:
            return manager
    return "npm"


def static_files(settings: Settings) -> Iterator[Fact]:
    """Yield where static files and uploads go, as the settings write it."""
    for topic, name in (("static", "STATIC_ROOT"), ("media", "MEDIA_ROOT")):
        if name in settings.values:
            value, path = settings.values[name][-1]
            yield Fact(topic, ast.unparse(value)[:80], path, value.lineno, f"sets {name}")
    for value, path in settings.values.get("COMPRESS_OFFLINE", ())[-1:]:
        if isinstance(value, ast.Constant) and value.value is True:
            # django-compressor: pages answer 500 without what this command writes.
            yield Fact("static-command", "compress", path, value.lineno, "sets COMPRESS_OFFLINE")
    for value, path in (*_storage(settings), *settings.values.get("STATICFILES_STORAGE", ())):
        for text, line in strings(value):
            if _REMOTE.search(text):
                yield Fact("static-storage", text, path, line, "collectstatic uploads them")


def _storage(settings: Settings) -> Iterator[tuple[ast.expr, str]]:
    """Yield the entries of STORAGES for static files."""
    for value, path in settings.values.get("STORAGES", ()):
        rows = zip(value.keys, value.values, strict=True) if isinstance(value, ast.Dict) else ()
        for key, row in rows:
            if key is not None and text_of(key) == "staticfiles":
                yield row, path


def ci_files(tree: Tree) -> Iterator[Fact]:
    """Yield the workflows that the project has."""
    for path in tree.paths:
        for pattern, kind in _CI:
            if pattern.fullmatch(path):
                yield Fact("ci", kind, path, 1, "has a workflow")


def env_files(tree: Tree) -> Iterator[Fact]:
    """Yield files of variables, and examples of such."""
    for path in tree.paths:
        name = PurePosixPath(path).name
        if path.startswith(".envs/") or (
            name.startswith((".env", "env.")) or name.endswith(".env")
        ):
            if PurePosixPath(path).suffix not in (".py", ".ts", ".js", ".md", ".html"):
                yield Fact("env-file", path, path, 1, "a file of variables")


def own_files(tree: Tree) -> Iterator[Fact]:
    """Yield the files that `init` would write, where the project has them already."""
    for name in ("noxfile.py", "tasks.py", "dev", "towpath.toml", "reports/README.md"):
        if tree.text(name) is not None:
            yield Fact("own-file", name, name, 1, "is there already")
    for path in tree.paths:
        if path.startswith("reports/"):
            yield Fact("reports", path, path, 0, "a file of the project in reports/")
            return


def project_name(tree: Tree, folder_name: str) -> Fact:
    """Return the project's name: that of pyproject.toml, else that of its directory."""
    text = tree.text("pyproject.toml") or ""
    document = table(text)
    tool = document.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    for row in (document.get("project"), poetry):
        if isinstance(row, dict) and isinstance(row.get("name"), str):
            line = line_of(text, max(text.find("name"), 0))
            return Fact("name", row["name"], "pyproject.toml", line, "name in pyproject.toml")
    return Fact("name", folder_name, ".", 0, "the name of the directory")
