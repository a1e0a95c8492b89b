"""The policy's hash: everything of a project that changes a verdict is in it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from towpath import config
from towpath.evidence import policy as policies
from towpath.evidence import record as stages

PROJECT = """
[project]
classifiers = [
    "Framework :: Django :: 5.2",
    "Programming Language :: Python :: 3.12",
    "Programming Language :: Python :: 3.13",
]
[tool.coverage.run]
branch = true
[tool.pytest.ini_options]
addopts = ["-ra"]
[tool.black]
line-length = 100
"""
WAIVER = {"id": "LINT", "reason": "known", "expires": dt.date(2999, 1, 1)}


def hashed(root: Path, table: dict[str, Any] | None = None) -> str:
    return policies.hash_of(config.parse(table or {}, root, {}))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('    "Programming Language :: Python :: 3.12",\n', ""),
        ("Django :: 5.2", "Django :: 4.2"),
        ("branch = true", 'branch = true\nomit = ["app/*"]'),
        ('addopts = ["-ra"]', 'addopts = ["-ra", "--deselect=tests"]'),
        ("line-length = 100", 'line-length = 100\nforce-exclude = "app"'),
        ("[tool.black]", '[tool.mypy]\nexclude = ["app"]\n[tool.black]'),
    ],
    ids=["a Python", "a Django", "coverage", "pytest", "black", "mypy"],
)
def test_a_setting_of_a_tool_is_in_it(root: Path, old: str, new: str) -> None:
    """Whatever lets one judge less than another."""
    before = hashed(root)
    assert old in PROJECT
    (root / "pyproject.toml").write_text(PROJECT.replace(old, new))

    assert hashed(root) != before


@pytest.mark.parametrize(
    "table",
    [
        {"ignored": {"tests": ["app/"]}},
        {"branches": {"*": "release"}},
        {"absent": ["workflows"]},
        {"waivers": [WAIVER]},
        {"gates": {"COVERAGE": 90}},
        {"evidence-days": 29},
        {"django": {"production": {"DEBUG": "0"}}},
    ],
    ids=lambda table: next(iter(table)),
)
def test_a_setting_of_ours_is_in_it(root: Path, table: dict[str, Any]) -> None:
    """What is ignored, where a run may go, limits, waivers, and how old an answer may be."""
    assert hashed(root, table) != hashed(root)


def test_the_order_of_branches_is_in_it(root: Path) -> None:
    """The first pattern that fits wins."""
    one = {"branches": {"main": "release", "*": "scan"}}
    other = {"branches": {"*": "scan", "main": "release"}}

    assert hashed(root, one) != hashed(root, other)


@pytest.mark.parametrize("name", [*policies.FILES, "setup.cfg", "tox.ini"])
def test_a_file_of_settings_is_in_it(root: Path, name: str) -> None:
    """That it is there, and what is in it."""
    without = hashed(root)
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("[coverage:run]\nomit = a\n")
    one = hashed(root)
    (root / name).write_text("[coverage:run]\nomit = b\n")

    assert len({without, one, hashed(root)}) == 3


@pytest.mark.parametrize("section", ["metadata", "tox", "testenv:docs", "options.extras"])
def test_the_rest_of_a_shared_file_is_not_in_it(root: Path, section: str) -> None:
    """It changes no verdict."""
    before = hashed(root)
    (root / "setup.cfg").write_text(f"[{section}]\nname = x\n")

    assert hashed(root) == before


def test_what_cannot_be_read_is_in_it_as_it_is(root: Path) -> None:
    """A shared file that is none, and a pyproject.toml that is no TOML."""
    (root / "setup.cfg").write_text("no section\n")
    one = hashed(root)
    (root / "setup.cfg").write_text("no section either\n")
    other = hashed(root)
    (root / "pyproject.toml").write_text("[[[")

    assert len({one, other, hashed(root)}) == 3


def test_other_settings_are_not_in_it(root: Path) -> None:
    """Where things run and are stored changes no verdict."""
    table = {"name": "x", "registry": "r.example.com", "environments": {"staging": {"port": 1}}}

    assert hashed(root, table) == hashed(root)


def test_a_waiver_that_expired_since_is_not_in_force(root: Path) -> None:
    """However long ago the settings were read."""
    waiver = WAIVER | {"expires": dt.date(2026, 11, 24)}
    found = config.parse({"waivers": [waiver]}, root, {}, today=dt.date(2026, 11, 1))

    assert policies.in_force(found, dt.date(2026, 11, 24)) == found.waivers
    assert policies.in_force(found, dt.date(2026, 11, 25)) == ()
    assert stages.rules(found).waived == {}
