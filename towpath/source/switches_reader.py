"""The settings by which a project switches off a part of what a tool would judge. Pure.

They are respected: a project knows its code. But they are shown beside the verdict.
"""

from __future__ import annotations

import configparser
import fnmatch
import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from towpath.core.findings import Exclusion


@dataclass(frozen=True)
class Switches:
    """Where a tool's settings are, which sections belong to it, and which keys switch it off.

    Sections and keys may be patterns. A key that ends with `=` and a value counts with that value
    alone.
    """

    files: tuple[str, ...]
    sections: tuple[str, ...]
    keys: tuple[str, ...]


_SETUP = ("setup.cfg", "tox.ini")
_RUFF = ("ruff.toml", ".ruff.toml", "pyproject.toml")
_RUFF_KEYS = ("*exclude", "ignore", "extend-ignore", "per-file-ignores", "extend-per-file-ignores")
SWITCHES: Mapping[str, Switches] = {
    "flake8": Switches(
        (".flake8", *_SETUP),
        ("flake8",),
        ("exclude", "extend-exclude", "ignore", "extend-ignore", "select", "per-file-ignores"),
    ),
    "mypy": Switches(
        ("mypy.ini", ".mypy.ini", "setup.cfg", "pyproject.toml"),
        ("mypy", "mypy-*", "mypy.overrides.*"),
        ("ignore_errors=true", "follow_imports=skip", "follow_imports=silent")
        + ("disable_error_code", "disallow_*=false", "check_untyped_defs=false"),
    ),
    "isort": Switches(
        (".isort.cfg", *_SETUP, "pyproject.toml"),
        ("settings", "isort", "tool:isort"),
        ("filter_files=true", "skip*", "extend_skip*"),
    ),
    "black": Switches(("pyproject.toml",), ("black",), ("force-exclude",)),
    "ruff": Switches(_RUFF, ("", "lint", "ruff", "ruff.lint"), _RUFF_KEYS),
    "ruff-format": Switches(_RUFF, ("", "format", "ruff", "ruff.format"), ("*exclude",)),
    "imports": Switches(
        (".importlinter",),
        ("importlinter", "importlinter:*"),
        ("ignore_imports", "exhaustive_ignores", "skip_descendants")
        + ("exclude_type_checking_imports=true",),
    ),
    "coverage": Switches(
        (".coveragerc", *_SETUP, "pyproject.toml"),
        ("run", "report", "coverage:*", "coverage.*"),
        ("omit", "include", "exclude_lines", "exclude_also", "partial_branches"),
    ),
    "pytest": Switches(
        ("pytest.ini", ".pytest.ini", *_SETUP, "pyproject.toml"),
        ("pytest", "tool:pytest", "pytest.ini_options"),
        ("addopts", "norecursedirs"),
    ),
}
# Of pytest's options, those that leave tests out.
_LEAVES_OUT = re.compile(
    r"(?:-[km]\b|--(?:deselect|ignore(?:-glob)?|lf|last-failed|sw|stepwise|co|collect-only)\b)"
    r"|-p(?:\s|=)?no:"
)
# Files that are not tables of settings: a line anywhere that switches something off.
_LINES: Mapping[str, tuple[tuple[str, ...], re.Pattern[str]]] = {
    "shellcheck": ((".shellcheckrc",), re.compile(r"disable=.+")),
    "hadolint": (
        (".hadolint.yaml", ".hadolint.yml"),
        re.compile(r"(?:ignored|override|disable-ignore-pragma|failure-\w+|no-fail):.*"),
    ),
    "zizmor": (
        ("zizmor.yml", ".github/zizmor.yml"),
        re.compile(r"\s*(?:ignore:.*|disable:\s*true)"),
    ),
    "actionlint": (
        (".github/actionlint.yaml", ".github/actionlint.yml"),
        re.compile(r"\s*ignore:.*"),
    ),
}


def files(tool: str) -> tuple[str, ...]:
    """Return the paths at which settings of a tool may be."""
    switches, (lines, _) = SWITCHES.get(tool), _LINES.get(tool, ((), None))
    return (*(switches.files if switches else ()), *lines)


def find(tool: str, texts: Mapping[str, str]) -> list[Exclusion]:
    """Return the settings of a tool that switch off a part of it; `texts` are files by path.

    A file that cannot be read as what it is has none: the tool itself refuses it.
    """
    found: list[Exclusion] = []
    if switches := SWITCHES.get(tool):
        for file in switches.files:
            if file in texts:
                found += _of_file(tool, file, tables(file, texts[file]), switches)
    files, pattern = _LINES.get(tool, ((), re.compile("")))
    for file in files:
        for line in texts.get(file, "").splitlines():
            if pattern.fullmatch(line.rstrip()):
                found.append(Exclusion(file, line.strip()))
    return found


def sections(text: str) -> configparser.RawConfigParser:
    """Return the sections of a file such as setup.cfg; raises ValueError for an invalid one.

    Many spaces in a row are one: the standard library takes minutes for a line of them.
    """
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(_SPACES.sub(" ", text))
    except configparser.Error as error:
        raise ValueError(str(error)) from error
    return parser


def _of_file(
    tool: str, file: str, sections: Mapping[str, Mapping[str, Any]], switches: Switches
) -> Iterator[Exclusion]:
    for section, values in sections.items():
        if not _fits(section, switches.sections):
            continue
        for key, value in values.items():
            if _switches_off(key, value, switches.keys) and (
                tool != "pytest" or key != "addopts" or _LEAVES_OUT.search(_words(value))
            ):
                yield Exclusion(file, f"[{section}] {key} = {_words(value)}")


def _switches_off(key: str, value: object, keys: Iterable[str]) -> bool:
    for wanted in keys:
        name, equals, only = wanted.partition("=")
        # Flake8 and black take either of the two.
        same = fnmatch.fnmatchcase(key.replace("_", "-"), name.replace("_", "-"))
        if same and (not equals or _words(value).lower() in _SAME.get(only, (only,))):
            return True
    return False


_SPACES = re.compile(r"(?<=\S)[^\S\n]{20,}")
_SAME = {"true": ("true", "1", "yes", "on"), "false": ("false", "0", "no", "off")}


def _fits(section: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(section, pattern) for pattern in patterns)


def _words(value: object) -> str:
    """Return a value on one line."""
    if isinstance(value, list):
        return shlex.join(map(str, value))
    return " ".join(str(value).split())


def tables(file: str, text: str) -> dict[str, Mapping[str, Any]]:
    """Return the sections of a file; of pyproject.toml those below `tool`, joined by dots.

    A file that cannot be read as what it is has none.
    """
    if file.endswith(".toml"):
        try:
            document = tomllib.loads(text)
            if not file.endswith("pyproject.toml"):
                return {"": document, **dict(_tables("", document))}
            return dict(_tables("", document.get("tool", {})))
        except (AttributeError, ValueError, RecursionError):
            return {}
    try:
        parser = sections(text)
    except ValueError:
        return {}
    return {name: dict(parser[name]) for name in parser.sections()}


def _tables(head: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every table below this one, and each one of an array of tables by its number."""
    for name, value in table.items():
        rows = {name: value} if isinstance(value, dict) else {}
        if isinstance(value, list):
            rows = {f"{name}.{n}": row for n, row in enumerate(value) if isinstance(row, dict)}
        for key, row in rows.items():
            yield f"{head}{key}", row
            yield from _tables(f"{head}{key}.", row)
