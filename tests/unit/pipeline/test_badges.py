"""Badges: what a run found, as small pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import TableRunner
from tests.registry_server import Store
from tests.releases import workspace_at
from tests.unit.pipeline.test_document import FULL, composed
from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.gates import Status
from towpath.pipeline import badges, runs
from towpath.pipeline.document import StageResult


def said(picture: str) -> list[str]:
    """Return the title and the two texts of a badge."""
    root = ElementTree.fromstring(picture)
    return [node.text or "" for node in root.iter() if node.text and node.text.strip()]


def test_a_run_has_a_badge_for_each_thing_it_says() -> None:
    """Its status by branch, the coverage, and the version of where it deployed."""
    found = badges.of_run(composed(*FULL), {"staging"})

    assert {name: said(picture) for name, picture in found.items()} == {
        "run": ["main: passed", "main", "passed"],
        "coverage": ["coverage: 97.5 %", "coverage", "97.5 %"],
        "version-staging": ["staging: 1.2.3", "staging", "1.2.3"],
    }
    assert 'fill="#116329"' in found["run"]


def test_what_was_not_measured_has_no_number_and_no_colour() -> None:
    """A run that ended before its tests says nothing about coverage or a version."""
    found = badges.of_run(composed(StageResult("lint", Status.FAILED, 1, reason="no")), {"staging"})

    assert set(found) == {"run", "coverage"}
    assert said(found["coverage"])[0] == "coverage: not measured"
    assert f'fill="{badges.UNKNOWN}"' in found["coverage"]


@pytest.mark.parametrize("evil", ['"><script>alert(1)</script>', "\u202e\x1b[31m", "x" * 500])
def test_a_name_from_outside_is_only_text(evil: str) -> None:
    """The picture stays well-formed, and its width bounded."""
    picture = badges.badge(evil, evil, "passed")
    root = ElementTree.fromstring(picture)

    assert {node.tag.rpartition("}")[2] for node in root.iter()} <= {
        *("svg", "title", "rect", "g", "text")
    }
    assert int(root.attrib["width"]) <= 2 * (badges.LONGEST * badges.LETTER + 2 * badges.SIDE)


def project(root: Path, store: Store) -> Workspace:
    """Return a project with one environment, staging."""
    found = workspace_at(root, store, TableRunner({"remote": ""}))
    place = Environment("staging", port=8081)
    return replace(found, config=replace(found.config, environments={"staging": place}))


@pytest.mark.parametrize("environment", ["production", "../../x", "W" * 400, 7, None])
def test_an_environment_that_the_project_has_not_is_no_file(
    tmp_path: Path, store: Store, environment: object
) -> None:
    """A report may come from anywhere, and a page of it is written all the same."""
    rows = [
        replace(row, fields={**row.fields, "environment": environment})
        for row in FULL
        if row.name == "deploy"
    ]
    workspace = project(tmp_path, store)

    assert runs.write_page(workspace, composed(*rows)).is_file()
    written = sorted(file.name for file in (workspace.config.reports / "badges").iterdir())
    assert written == ["coverage.svg", "run.svg"]


def test_badges_of_other_environments_stay(tmp_path: Path, store: Store) -> None:
    """A run that deploys nowhere changes no version."""
    workspace = project(tmp_path, store)
    folder = workspace.config.reports / "badges"

    def write(*rows: StageResult, **changes: Any) -> list[str]:
        runs.write_page(workspace, {**composed(*rows), **changes})
        return sorted(file.name for file in folder.iterdir())

    names = ["coverage.svg", "run.svg", "version-staging.svg"]
    assert write(*FULL) == names
    before = (folder / "version-staging.svg").read_bytes()
    assert write(FULL[0], version="2.0.0") == names
    assert (folder / "version-staging.svg").read_bytes() == before
