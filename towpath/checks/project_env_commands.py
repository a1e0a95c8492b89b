"""The environment of a project's tests and linters: its own dependencies, then our tools. Pure.

A lock file is exported by the tool that wrote it, with hashes. Our tools are installed last, and
never change a version that the project pins: what it has already is used as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from towpath.source.requirements_reader import lines

Argv = list[str]
PYPROJECT = "pyproject.toml"
# What runs tests and measures them, by runner.
TEST_TOOLS: Mapping[str, tuple[str, ...]] = {
    "pytest": ("pytest", "pytest-django", "pytest-cov"),
    "django": ("coverage",),
}
PERFORMANCE_TOOLS = ("pytest", "pytest-django", "pytest-benchmark")
PARALLEL: Mapping[str, tuple[str, ...]] = {"pytest": ("pytest-xdist",), "django": ("tblib",)}


@dataclass(frozen=True)
class Dependencies:
    """What a project says is to be installed: files, groups and extras, and itself or not."""

    files: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    package: bool = False


def dependencies(settings: Mapping[str, Any], check: str) -> Dependencies:
    """Return what a check installs, by the table `[tool.towpath]`; lint takes over from tests.

    What is not valid is left out here: the check itself refuses the settings.
    """
    tests = _table(settings, "tests")
    files = texts(settings, check, "requirements") or texts(settings, "tests", "requirements")
    return Dependencies(
        files,
        texts(settings, "tests", "groups"),
        texts(settings, "tests", "extras"),
        package=tests.get("package") is True,
    )


def _table(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = settings.get(name)
    return found if isinstance(found, Mapping) else {}


def texts(
    settings: Mapping[str, Any], table: str, key: str, default: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return the strings of a list in a table; `default` where it is missing or invalid."""
    found = _table(settings, table).get(key)
    if not isinstance(found, list):
        return default
    return tuple(row for row in found if isinstance(row, str))


def test_tools(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the packages that run the tests and measure them."""
    tests = _table(settings, "tests")
    runner = str(tests.get("runner", "pytest"))
    more = PARALLEL.get(runner, ()) if tests.get("parallel", True) is True else ()
    return (*TEST_TOOLS.get(runner, ()), *more)


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [f"{option}={value}" for value in values]


def install(files: Sequence[str], dependencies: Dependencies) -> Argv:
    """Return the arguments that install these files of requirements, exported or not."""
    named = [row for file in files for row in ("-r", file)]
    if any(PurePosixPath(file).name == PYPROJECT for file in files):
        named += [*_each("--extra", dependencies.extras), *_each("--group", dependencies.groups)]
    return named


def package(dependencies: Dependencies) -> str:
    """Return how the project itself is named to the installer, with its extras."""
    return f".[{','.join(dependencies.extras)}]" if dependencies.extras else "."


def missing(tools: Iterable[str], installed: Collection[str]) -> list[str]:
    """Return the tools that an environment does not have yet."""
    return [name for name in tools if normal(name) not in installed]


def constraints(installed: Mapping[str, str], pins: str = "") -> str:
    """Return what keeps the versions that are there, and ours of everything else, with hashes."""
    ours = [row for row in lines(pins) if not row.is_option]
    kept = [f"{name}=={version}" for name, version in sorted(installed.items())]
    return "\n".join([*kept, *(row.words for row in ours if _name(row.words) not in installed)])


def _name(words: str) -> str:
    return normal(re.split(r"[^A-Za-z0-9._-]", words, maxsplit=1)[0])


def normal(name: str) -> str:
    """Return a distribution's name as PEP 503 normalizes it."""
    return re.sub(r"[-_.]+", "-", name).lower()
