"""Each linter, in its pinned version and started for real, finds what is planted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, run
from tests.ordinary import CASES, Case, outline, plant_case
from tests.planted import ask, plant
from towpath import gates
from towpath.checks.lint import output as rows
from towpath.checks.lint.linters_commands import LINTERS, Linter
from towpath.checks.lint.readers.radon import Function
from towpath.core.findings import Finding
from towpath.gates import Status


@pytest.fixture(scope="module")
def python() -> str:
    """Return the interpreter of the lint session's environment, made if it is not there."""
    ended = run(ROOT, "./dev", "nox", "--install-only", "--session", "lint")
    assert ended.code == 0, ended.said
    return str(ROOT / ".nox/lint/bin/python")


def status(tool: Linter, root: Path, python: str) -> Status:
    """Have a linter judge a planted project, and judge what it says by its own gate."""
    said = rows.read_findings(root, tool.name, ask(tool, root, python))
    if findings := [row for row in said if isinstance(row, Finding)]:
        return gates.evaluate(gates.gate("LINT"), len(findings)).status
    if functions := [row for row in said if isinstance(row, Function)]:
        worst = max(row.complexity for row in functions)
        return gates.evaluate(gates.gate("COMPLEXITY"), worst).status
    if modules := [row for row in said if not isinstance(row, Finding | Function)]:
        least = min(row.index for row in modules)
        return gates.evaluate(gates.gate("MAINTAINABILITY"), least).status
    return Status.PASSED


@pytest.mark.parametrize("tool", LINTERS, ids=lambda tool: tool.name)
def test_a_linter_finds_what_is_planted(tmp_path: Path, python: str, tool: Linter) -> None:
    """The good project passes, and the bad one fails by this tool alone."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    plant(good)
    plant(bad, tool.name)

    assert status(tool, good, python) is Status.PASSED
    assert status(tool, bad, python) is Status.FAILED


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.tool}-{case.name}")
def test_an_ordinary_project_is_judged(tmp_path: Path, python: str, case: Case) -> None:
    """What its settings say of the form is ours; what it leaves out is named; the rest is found."""
    plant_case(tmp_path, case)
    (tool,) = [row for row in LINTERS if row.name == case.tool]

    said = rows.read_findings(tmp_path, tool.name, ask(tool, tmp_path, python))

    assert sorted({outline(row) for row in said}) == sorted(case.wanted)
