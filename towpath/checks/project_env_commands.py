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
# What uv says of a dependency that it cannot build, and compilers of what they lack.
_UNBUILT = re.compile(
    r"[Ff]ailed to (?:download and )?build:?\s+`?([A-Za-z0-9][\w.-]*)(?:(?:==| @ )([^`\s]+))?`?"
)
_MISSING = re.compile(
    r"^.*(?:fatal error: .{1,120}: No such file|command '?.{1,60}'? failed: No such file"
    r"|pkg-config.{1,60}not found|.{1,60} executable not found).*$",
    re.MULTILINE | re.IGNORECASE,
)
# What runs tests and measures them, by runner.
TEST_TOOLS: Mapping[str, tuple[str, ...]] = {
    "pytest": ("pytest", "pytest-django", "pytest-cov"),
    "django": ("coverage",),
}
PERFORMANCE_TOOLS = ("pytest", "pytest-django", "pytest-benchmark")
PARALLEL: Mapping[str, tuple[str, ...]] = {"pytest": ("pytest-xdist",), "django": ("tblib",)}


@dataclass(frozen=True)
class Dependencies:
    """What a project says is to be installed: files, groups and extras, and itself or not.

    `system` are Debian's packages with which its dependencies are compiled.
    """

    files: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    package: bool = False
    system: tuple[str, ...] = ()


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
        system=texts(settings, "image", "build-packages"),
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


def build_problem(output: str, packages: Sequence[str]) -> str:
    """Return which dependency uv could not build, why, and what to do; empty for another failure.

    `packages` are Debian's, which the settings name for the image.
    """
    failed = _UNBUILT.search(output)
    if failed is None:
        return ""
    name = " ".join(filter(None, failed.groups()))
    missing = _MISSING.search(output)
    why = f" ({missing[0].strip()})" if missing else ""
    advice = (
        f"Install what it is compiled with on this machine: apt-get install {' '.join(packages)}."
        if packages
        else "Install the Debian packages that it is compiled with on this machine, and name them"
        " in [tool.towpath.image] build-packages, by which the image is built."
    )
    return f"Cannot build {name}, for which there is no wheel here{why}. {advice}"


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
