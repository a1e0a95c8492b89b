"""How a project checks itself: the linters that it uses, and what its tests are run with. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from towpath.adoption.facts import Fact, Tree, line_of
from towpath.adoption.find_libraries import LOCKS, requirement_files, table, with_included

# Our name of a linter, and how a hook of pre-commit calls it.
_HOOKS = {
    "ruff": "ruff",
    "ruff-check": "ruff",
    "ruff-format": "ruff-format",
    "black": "black",
    "isort": "isort",
    "flake8": "flake8",
    "mypy": "mypy",
    "bandit": "bandit",
    "pyright": "pyright",
    "shellcheck": "shellcheck",
    "hadolint": "hadolint",
    "hadolint-docker": "hadolint",
    "actionlint": "actionlint",
    "zizmor": "zizmor",
}
# Those that a project also uses if it only has settings for them, or depends on them.
_PYTHON = ("ruff", "flake8", "black", "isort", "mypy", "pyright", "bandit")
_HOOK = re.compile(r"^\s*-?\s*id:\s*['\"]?([\w-]+)", re.MULTILINE)
# Where people write the commands of their checks.
_SCRIPTS = re.compile(
    r"(?:\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.circleci/config\.yml|tox\.ini"
    r"|Makefile|justfile|noxfile\.py|package\.json|pyproject\.toml|bin/[^/]+|scripts?/[^/]+)"
)
_FORMAT = re.compile(r"\bruff\s+format\b|\[tool\.ruff\.format\]|^\[format\]", re.MULTILINE)
_PARALLEL = re.compile(r"\btest\b.*\s--parallel\b|\bpytest\b.*\s(?:-n[ =]?|--numprocesses)")
_TEST_SETTINGS = re.compile(r"\btest\b.*--settings[= ]([\w.]+)")
# Groups and extras that people give what tests and linters need.
_NAMES = ("dev", "develop", "test", "tests", "testing", "lint", "typing", "ci")
# What a migration does in the language of one kind of server.
_SERVER_ONLY = re.compile(r"\bdjango\.contrib\.postgres\b|\bRunSQL\(|\.cursor\(\)")
_TESTING = re.compile(r"test", re.IGNORECASE)
_DEVELOPING = re.compile(r"dev|local|ci\b", re.IGNORECASE)


def linters_in_use(
    tree: Tree, known: Iterable[Fact], libraries: Mapping[str, Fact]
) -> Iterator[Fact]:
    """Yield the linters that a project uses: by their settings, hooks and dependencies."""
    for row in known:
        if row.value in _PYTHON:
            yield Fact("uses", row.value, row.file, row.line, row.why)
    text = tree.text(".pre-commit-config.yaml") or ""
    for match in _HOOK.finditer(text):
        if name := _HOOKS.get(match[1]):
            line = line_of(text, match.start(1))
            yield Fact("uses", name, ".pre-commit-config.yaml", line, "a hook of pre-commit")
    for name in _PYTHON:
        if library := libraries.get(name):
            yield Fact("uses", name, library.file, library.line, "a dependency")
    yield from _formats(tree)


def _formats(tree: Tree) -> Iterator[Fact]:
    places = [path for path in tree.paths if _SCRIPTS.fullmatch(path)]
    for path in (*places, "ruff.toml", ".ruff.toml"):
        text = tree.text(path) or ""
        if match := _FORMAT.search(text):
            yield Fact("uses", "ruff-format", path, line_of(text, match.start()), match[0])


def dependencies(tree: Tree, folders: tuple[str, ...]) -> Iterator[Fact]:
    """Yield the files from which an environment for the tests is made, and what to take of them."""
    for folder in map(PurePosixPath, folders):
        pyproject = (folder / "pyproject.toml").as_posix()
        document = table(tree.text(pyproject))
        for name, tool in LOCKS:
            path = (folder / name).as_posix()
            if tree.text(path) is not None:
                yield Fact("test-requirements", path, path, 1, f"the lock file of {tool}")
                yield from _chosen(document, pyproject, default_dev=tool != "uv")
                yield from _package(tree, document, pyproject)
                return
    files = requirement_files(tree, folders)
    found = [*_for_tests(tree, files)]
    for path in found:
        yield Fact("test-requirements", path, path, 1, "requirements of the tests")
    for path in _for_lint(tree, files, found):
        yield Fact("lint-requirements", path, path, 1, "what the settings of production import")
    for folder in map(PurePosixPath, folders):
        pyproject = (folder / "pyproject.toml").as_posix()
        document = table(tree.text(pyproject))
        if not found and isinstance(document.get("project"), dict):
            yield Fact("test-requirements", pyproject, pyproject, 1, "dependencies of the project")
            yield from _chosen(document, pyproject, default_dev=True)
        yield from _package(tree, document, pyproject)


def _for_tests(tree: Tree, files: list[str]) -> Iterator[str]:
    """Yield the requirement files for tests: those of production first, unless they are included.

    Of several for development, the one of the tests counts.
    """
    asides = _named(files, _TESTING) or _named(files, _DEVELOPING)
    first = next((path for path in files if path not in asides and not _is_aside(path)), "")
    chosen = asides[:1]
    text = "".join(tree.text(path) or "" for path in chosen)
    if first and not re.search(r"^\s*(?:-r|--requirement)", text, re.MULTILINE):
        yield first
    yield from chosen


def _for_lint(tree: Tree, files: list[str], tests: list[str]) -> list[str]:
    """Return the files for linters, if those of the tests lack the one of production.

    The settings of production are checked too, and import what only production has.
    """
    seen: set[str] = set()
    for path in tests:
        seen |= set(with_included(tree, path))
    first = next((path for path in files if not _is_for_others(path)), "")
    return [*tests, first] if tests and first and first not in seen else []


def _is_for_others(path: str) -> bool:
    stem = PurePosixPath(path).stem
    return _is_aside(path) or bool(_TESTING.search(stem) or _DEVELOPING.search(stem))


def _named(files: list[str], pattern: re.Pattern[str]) -> list[str]:
    return [path for path in files if pattern.search(PurePosixPath(path).stem)]


def _is_aside(path: str) -> bool:
    return bool(
        re.search(r"doc|lint|build|bench|migration", PurePosixPath(path).stem, re.IGNORECASE)
    )


def _chosen(document: dict[str, Any], path: str, *, default_dev: bool) -> Iterator[Fact]:
    """Yield the groups and extras for tests; uv takes its own default groups by itself."""
    groups = {
        **_table(document, "dependency-groups"),
        **_table(document, "tool", "poetry", "group"),
    }
    for name in _NAMES:
        if name in groups and (default_dev or name != "dev"):
            yield Fact("test-group", name, path, 1, "a group of dependencies")
    for name in _NAMES:
        if name in _table(document, "project", "optional-dependencies"):
            yield Fact("test-extra", name, path, 1, "an extra of the project")


def _package(tree: Tree, document: dict[str, Any], path: str) -> Iterator[Fact]:
    """Yield that the project is to be installed: its code is below src/, where nobody finds it."""
    folder = PurePosixPath(path).parent
    source = (folder / "src").as_posix() + "/"
    inside = any(row.startswith(source) and row.endswith("__init__.py") for row in tree.paths)
    if "build-system" in document and inside and folder.as_posix() == ".":
        yield Fact("test-package", ".", path, 1, "its packages are in src/")


def test_settings(
    tree: Tree, runner: str, modules: Iterable[Fact], named_by_manage: str
) -> Iterator[Fact]:
    """Yield the settings module of the tests, where the runner does not find it by itself."""
    for path, text in _scripts(tree):
        if match := _TEST_SETTINGS.search(text):
            where = line_of(text, match.start(1))
            yield Fact("test-settings", match[1], path, where, "named by a command")
            return
    if runner != "pytest" or _names_settings(tree):
        return
    for row in modules:
        if _TESTING.search(row.value.rpartition(".")[2]):
            yield Fact("test-settings", row.value, row.file, row.line, "named after tests")
            return
    if named_by_manage:
        yield Fact("test-settings", named_by_manage, "manage.py", 0, "those of manage.py")


def _names_settings(tree: Tree) -> bool:
    """Tell whether the settings of pytest, or a conftest.py, name the settings module."""
    for path in tree.paths:
        name = PurePosixPath(path).name
        if name in ("pytest.ini", ".pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini"):
            if re.search(r"^\s*DJANGO_SETTINGS_MODULE\s*=|--ds[= ]", tree.text(path) or "", re.M):
                return True
        if name == "conftest.py":
            if re.search(r"DJANGO_SETTINGS_MODULE|settings\.configure", tree.text(path) or ""):
                return True
    return False


def parallel(tree: Tree, runner: str, libraries: Mapping[str, Fact]) -> Iterator[Fact]:
    """Yield that the tests can run in parallel: the project does so already."""
    sign = "pytest-xdist" if runner == "pytest" else "tblib"
    if row := libraries.get(sign):
        yield Fact("test-parallel", "yes", row.file, row.line, f"depends on {sign}")
    for path, text in _scripts(tree):
        if match := _PARALLEL.search(text):
            yield Fact("test-parallel", "yes", path, line_of(text, match.start()), match[0].strip())


def needs_server(tree: Tree) -> Iterator[Fact]:
    """Yield the first migration that only the project's own kind of database server can apply.

    The tests of such a project cannot run on an SQLite of our choice.
    """
    for path in tree.paths:
        if "migrations" not in PurePosixPath(path).parts or not path.endswith(".py"):
            continue
        text = tree.text(path) or ""
        if match := _SERVER_ONLY.search(text):
            line = line_of(text, match.start())
            yield Fact("test-services", "database", path, line, "a migration with SQL of its own")
            return


def integration(tree: Tree) -> Iterator[Fact]:
    """Yield the directory of integration tests, where our session looks for them."""
    for path in tree.paths:
        if path.startswith("tests/integration/"):
            yield Fact("integration", "tests/integration", path, 1, "integration tests")
            return


def _scripts(tree: Tree) -> Iterator[tuple[str, str]]:
    for path in tree.paths:
        if _SCRIPTS.fullmatch(path) and (text := tree.text(path)):
            yield path, text


def _table(document: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}
