"""The matrix: which Pythons and Djangos the classifiers name, and which of them are here."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest

PYTHON = re.compile(r"Programming Language :: Python :: (3\.\d+)")
DJANGO = re.compile(r"Framework :: Django :: (\d+\.\d+)")

RUNNING = f"3.{sys.version_info[1]}"
# The oldest minor version that is looked for where no classifier names one, and what lets none in.
OLDEST, NEWEST, NONE = 8, 30, "==3.99"


def supported(config: Config) -> tuple[str, ...]:
    """Return the Pythons that the classifiers of pyproject.toml name, as `3.11`.

    Without such classifiers those that TOWPATH_PYTHONS names, else all that requires-python lets in
    up to the running one, else the running one; noxfile.py finds the same.
    """
    project = _project(config)
    if project is None:
        return ()
    return _named(config, PYTHON) or _chosen(config) or _allowed(project) or (RUNNING,)


def _chosen(config: Config) -> tuple[str, ...]:
    names = config.env.get("TOWPATH_PYTHONS", "").replace(" ", "").split(",")
    return tuple(name for name in names if re.fullmatch(r"3\.\d+", name))


def _allowed(project: Mapping[str, Any]) -> tuple[str, ...]:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(str(project.get("requires-python", NONE)))
    except InvalidSpecifier:
        return ()
    known = [minor for minor in range(OLDEST, NEWEST) if allowed.contains(f"3.{minor}.99")]
    # None is newer than the one that runs, unless all are.
    first = [minor for minor in known if minor <= sys.version_info[1]] or known[:1]
    return tuple(f"3.{minor}" for minor in first)


def djangos(config: Config) -> tuple[str, ...]:
    """Return the lines of Django that the classifiers name, as `5.2`."""
    return _named(config, DJANGO)


def selected(config: Config) -> tuple[str, ...]:
    """Return the Pythons that this machine has to test: all, or those that TOWPATH_PYTHONS names.

    Raises ConfigurationError for one that the project does not support.
    """
    known = supported(config)
    chosen = [name.strip() for name in config.env.get("TOWPATH_PYTHONS", "").split(",")]
    for name in filter(None, chosen):
        if name not in known:
            raise ConfigurationError(
                f"TOWPATH_PYTHONS has {name!r}, which the project does not support."
                f"{nearest(name, known)}",
                why=f"The classifiers in pyproject.toml list {', '.join(known) or 'no Python'}.",
            )
    return tuple(name for name in known if name in chosen) if any(chosen) else known


def measured(config: Config, python: str) -> bool:
    """Return whether the tests on this Python measure coverage.

    It is measured on the Pythons of the setting, or on all if there is none or this machine tests
    none of them. Raises ConfigurationError for one that the project does not support.
    """
    named, known, path = config.tests.coverage_on, supported(config), search_path(config)
    for name in named:
        if name not in known:
            raise ConfigurationError(
                f"tool.towpath.tests.coverage-on has {name!r}, which the project does not support."
                f"{nearest(name, known)}",
                why=f"The supported Pythons are {', '.join(known) or 'none'}.",
            )
    here = set(named) & set(selected(config))
    tested = any(shutil.which(f"python{name}", path=path) for name in here)
    return not tested or python in named


def cell(config: Config, python: str, django: str) -> str:
    """Return the name of one run of the tests; Django's line is in it where there are several."""
    return f"{python}-django-{django}" if len(djangos(config)) > 1 else python


def cells(config: Config, *chosen: str) -> tuple[str, ...]:
    """Return the names of all runs of the tests on these Pythons."""
    lines = djangos(config) or ("",)
    return tuple(cell(config, python, line) for python in chosen for line in lines)


def matrix(config: Config, ran: Collection[str]) -> dict[str, list[str]]:
    """Return the facts of the matrix: what was tested, what is missing, what was left out by wish.

    `ran` are the names of the runs there were. Raises ConfigurationError for a Python in
    TOWPATH_PYTHONS that the project does not support.
    """
    every, asked = cells(config, *supported(config)), cells(config, *selected(config))
    absent = [name for name in every if name not in ran]
    return {
        "pythons": [name for name in every if name in ran],
        "missing": [name for name in absent if name in asked],
        "deselected": [name for name in absent if name not in asked],
    }


def installed(workspace: Workspace) -> dict[str, str]:
    """Return the wanted Pythons that are here, and the exact version of each.

    Raises ConfigurationError for a Python in TOWPATH_PYTHONS that the project does not support.
    """
    path = search_path(workspace.config)
    here = {
        python: shutil.which(f"python{python}", path=path) for python in selected(workspace.config)
    }
    versions = {
        python: workspace.runner.run([program, "-V"], check=False).stdout.strip()
        for python, program in here.items()
        if program
    }
    return {python: version for python, version in versions.items() if version}


def search_path(config: Config) -> str:
    """Return where Pythons are looked for: pyenv's, then PATH, but not in virtual environments.

    The shims of pyenv answer for the chosen version only.
    """
    env = config.env
    root = Path(env.get("PYENV_ROOT") or Path(env.get("HOME", "/nonexistent"), ".pyenv"))
    newest = [sorted(root.glob(f"versions/{name}.*/bin"))[-1:] for name in supported(config)]
    places = [Path(place) for place in env.get("PATH", "").split(os.pathsep) if place]
    real = [place for place in places if not (place.parent / "pyvenv.cfg").is_file()]
    return os.pathsep.join(map(str, [*(place for row in newest for place in row), *real]))


def _project(config: Config) -> Mapping[str, Any] | None:
    """Return the table `[project]`, empty if there is none; None without a pyproject.toml."""
    try:
        text = (config.root / "pyproject.toml").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {} if (config.root / "towpath.toml").is_file() else None
    try:
        found = tomllib.loads(text).get("project", {})
    except (ValueError, RecursionError):
        # A project whose pyproject.toml is not valid has its settings in towpath.toml.
        return {}
    return found if isinstance(found, dict) else {}


def _named(config: Config, mark: re.Pattern[str]) -> tuple[str, ...]:
    marks = (_project(config) or {}).get("classifiers", [])
    matches = [mark.fullmatch(str(row)) for row in (marks if isinstance(marks, list) else [])]
    return tuple(match[1] for match in matches if match)
