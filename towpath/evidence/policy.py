"""The policy in force: everything of the project that changes a verdict, as one hash and as rules.

Evidence has the hash; it is compared with the hash of the local project.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from towpath import gates
from towpath.config import Config
from towpath.config.waivers import Waiver
from towpath.source import matrix as pythons
from towpath.source import switches_reader as switches

# The tables of pyproject.toml that set up a tool whose answer a gate judges.
TABLES = (
    "bandit",
    "black",
    "coverage",
    "django-stubs",
    "flake8",
    "isort",
    "mypy",
    "pytest",
    "pyright",
    "radon",
    "ruff",
)
# Files of their own that do the same, and the reviewed secrets.
FILES = (
    ".bandit",
    ".coveragerc",
    ".coveragerc.toml",
    ".editorconfig",
    ".flake8",
    ".github/actionlint.yaml",
    ".github/actionlint.yml",
    ".github/zizmor.yaml",
    ".github/zizmor.yml",
    ".hadolint.yaml",
    ".hadolint.yml",
    ".isort.cfg",
    ".mypy.ini",
    ".pytest.ini",
    ".pytest.toml",
    ".secrets.baseline",
    ".shellcheckrc",
    "mypy.ini",
    "pytest.ini",
    "pytest.toml",
    "pyrightconfig.json",
    "radon.cfg",
    "ruff.toml",
    ".ruff.toml",
    "zizmor.yaml",
    "zizmor.yml",
)
# Files with a section for each of many tools: only these sections count.
SHARED = ("setup.cfg", "tox.ini")
SECTIONS = ("bandit", "coverage", "flake8", "isort", "mypy", "pytest", "radon")


def hash_of(config: Config) -> str:
    """Return the hash of the policy in force."""
    waivers = (waiver.as_json() for waiver in config.waivers)
    return gates.policy_hash(waivers, config.limits, settings(config))


def in_force(config: Config, today: dt.date) -> tuple[Waiver, ...]:
    """Return the waivers that have not expired, however long ago the settings were read."""
    return tuple(row for row in config.waivers if row.expires >= today)


def settings(config: Config) -> dict[str, Any]:
    """Return what changes a verdict besides gates and waivers, as plain values."""
    return {
        "ignored": dict(config.ignored),
        # In their order: the first pattern that fits wins.
        "branches": list(config.branches.items()),
        "absent": sorted(config.absent),
        "django": asdict(config.django),
        "evidence-days": config.evidence_days,
        "baseline": config.baseline.sha256,
        "lint": list(config.lint.linters),
        "tests": asdict(config.tests),
        "integration": asdict(config.integration),
        "project": _of_pyproject(config),
        "tools": _sections(config.root) | _files(config.root),
    }


def _of_pyproject(config: Config) -> dict[str, Any]:
    """Return the matrix and the tools of pyproject.toml; the complete text if it is invalid."""
    file = config.root / "pyproject.toml"
    try:
        tools: Mapping[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        return {file.name: _hash(file)}
    if not isinstance(tools, dict):
        return {file.name: _hash(file)}
    return {
        "pythons": pythons.supported(config),
        "djangos": pythons.djangos(config),
        "tools": {name: tools[name] for name in TABLES if name in tools},
    }


def _files(root: Path) -> dict[str, str]:
    return {name: _hash(root / name) for name in FILES if (root / name).is_file()}


def _sections(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in SHARED:
        if (root / name).is_file():
            found |= _of_shared(root / name)
    return found


def _of_shared(file: Path) -> dict[str, Any]:
    """Return the sections of a shared file that count; of one that cannot be read, all of it."""
    try:
        parser = switches.sections(file.read_text(encoding="utf-8"))
    except ValueError:
        return {file.name: _hash(file)}
    return {
        f"{file.name} [{name}]": dict(parser[name])
        for name in parser.sections()
        if name == "tool:pytest" or re.split("[:-]", name)[0] in SECTIONS
    }


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
