"""Evidence that may hold again: the last word on each inputs, the newest of each stage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from towpath import config
from towpath.core.subject import Subject
from towpath.evidence import store as shelf
from towpath.evidence.statement import Statement
from towpath.gates import Status

LINT = Statement(
    stage="lint",
    subject=Subject.commit("c" * 40, "7" * 40),
    status=Status.PASSED,
    started="2026-11-24T21:00:00Z",
    duration=1.5,
    policy="p",
    inputs="i",
)


@pytest.fixture
def project(tmp_path: Path) -> config.Config:
    """Return an empty project."""
    return config.parse({}, tmp_path, {})


def test_what_is_kept_is_found_by_its_inputs(project: config.Config) -> None:
    """Not under other inputs, not for another stage."""
    assert not shelf.has(project, "lint")
    shelf.put(project, LINT)

    assert shelf.has(project, "lint")
    assert shelf.get(project, "lint", "i") == LINT
    assert shelf.get(project, "lint", "j") is None
    assert shelf.get(project, "tests", "i") is None


def test_the_last_word_on_the_same_inputs_counts(project: config.Config) -> None:
    """A failure after a pass replaces it."""
    failed = replace(LINT, status=Status.FAILED)
    shelf.put(project, LINT)
    shelf.put(project, failed)

    assert shelf.get(project, "lint", "i") == failed
    assert shelf.every(project) == [failed]


def test_a_stage_that_is_never_reused_is_not_kept(project: config.Config) -> None:
    """A promotion or a deployment is an act, not a finding."""
    shelf.put(project, replace(LINT, stage="deploy"))

    assert not shelf.has(project, "deploy")


def test_a_broken_file_is_as_good_as_none(project: config.Config) -> None:
    """The stage runs again and replaces it."""
    shelf.put(project, LINT)
    (shelf.folder(project) / "lint" / "i.json").write_bytes(LINT.encode()[:50])

    assert shelf.get(project, "lint", "i") is None
    assert shelf.every(project) == []


def test_what_was_not_used_for_longest_goes_first(project: config.Config) -> None:
    """With the copies that nothing points at any more; other stages keep theirs."""
    report = project.reports / "x.json"
    report.parent.mkdir()
    report.write_text("first")
    shelf.put(project, replace(LINT, artifacts={"reports/x.json": shelf.file_hash(report)}))
    shelf.put(project, replace(LINT, stage="scan"))
    for number in range(shelf.LIMIT - 1):
        shelf.put(project, replace(LINT, inputs=f"n{number}"))
    assert shelf.get(project, "lint", "i") is not None
    shelf.put(project, replace(LINT, inputs="last"))

    assert shelf.get(project, "lint", "n0") is None
    assert shelf.get(project, "lint", "i") is not None
    assert len(list((shelf.folder(project) / "artifacts").iterdir())) == 1
    for number in range(shelf.LIMIT):
        shelf.put(project, replace(LINT, inputs=f"m{number}"))
    assert shelf.get(project, "lint", "i") is None
    assert list((shelf.folder(project) / "artifacts").iterdir()) == []
    assert shelf.get(project, "scan", "i") is not None
