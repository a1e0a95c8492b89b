"""What a stage depends on is another hash where it is another thing."""

from __future__ import annotations

from pathlib import Path

import pytest

import towpath
from tests.fakes import QuietTerminal, TableRunner
from tests.unit.evidence.test_record import SOURCE
from towpath import config
from towpath.config.workspace import Workspace
from towpath.evidence import stage_inputs
from towpath.source.snapshot import SourceSnapshot


def test_inputs_change_with_commit_tree_and_what_is_named() -> None:
    """Any difference is another hash."""
    other = SourceSnapshot("c" * 40, "u" * 40, "main", "0.0.0+gccccccc", False, 1, "")
    hashes = {
        stage_inputs.inputs_of(SOURCE, "lint"),
        stage_inputs.inputs_of(SOURCE, "tests"),
        stage_inputs.inputs_of(other, "lint"),
    }

    assert len(hashes) == 3


def test_security_also_depends_on_the_advisories(tmp_path: Path) -> None:
    """Another advisory source is another input of security, not of lint."""
    plain = config.parse({}, tmp_path, {})
    local = config.parse({}, tmp_path, {"TOWPATH_ADVISORIES": "dir"})

    def same(stage: str) -> bool:
        one, other = (
            Workspace(project, TableRunner(), QuietTerminal()) for project in (plain, local)
        )
        return stage_inputs.check_inputs(one, SOURCE, stage) == stage_inputs.check_inputs(
            other, SOURCE, stage
        )

    assert same("lint")
    assert not same("security")


def test_another_version_of_the_package_is_another_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pins, its gates and what it renders are in no file of a project that installed it."""
    workspace = Workspace(config.parse({}, tmp_path, {}), TableRunner(), QuietTerminal())

    def hashes() -> set[str]:
        checks = {stage_inputs.check_inputs(workspace, SOURCE, name) for name in ("lint", "tests")}
        return {*checks, stage_inputs.inputs_of(SOURCE, "build")}

    before = hashes()
    monkeypatch.setattr(towpath, "__version__", "99.0")

    assert len(before | hashes()) == 6
