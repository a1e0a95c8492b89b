"""The performance session: judged against the baseline, or the baseline made anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes import outcome
from tests.unit.checks.checked import PYTHON, calls, evidence, project, said, workspace_of
from towpath.checks import performance
from towpath.checks.performance import baseline
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    GateFailedError,
    NothingToJudgeError,
)
from towpath.core.runner import Outcome
from towpath.gates import Status


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project whose baseline says that ingest takes twice the reference."""
    kept = {"measure": "one", "pythons": {PYTHON: {"ingest": 2.0}}}
    file = tmp_path / "tests" / "performance" / "baseline.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(kept))
    return project(tmp_path)


def measuring(ratio: float, code: int = 0) -> Callable[[tuple[str, ...]], Outcome]:
    """Return a pytest that measures ingest as this multiple of the reference."""

    def run(argv: tuple[str, ...]) -> Outcome:
        (report,) = [part.split("=", 1)[1] for part in argv if part.startswith("--benchmark-json")]
        info = {"reference": 1.0, "measure": "one"}
        row = {"name": "ingest", "stats": {"min": ratio}, "extra_info": info}
        Path(report).write_text(json.dumps({"benchmarks": [row]}))
        return outcome(code=code, stderr="it crashed" if code else "")

    return run


def measured(root: Path, ratio: float, code: int = 0) -> Workspace:
    """Return a session where ingest takes this multiple of the reference."""
    return workspace_of(root, {"-m pytest": measuring(ratio, code)})


def test_a_project_without_such_tests_is_told_where_they_go(tmp_path: Path) -> None:
    """Exit code 2, and nothing is recorded."""
    with pytest.raises(ConfigurationError, match="has no performance tests") as caught:
        performance.performance(workspace_of(tmp_path, {}))

    assert "tests/performance" in caught.value.why


def test_a_path_as_fast_as_before_passes(root: Path) -> None:
    """The evidence has every path and the worst."""
    workspace = measured(root, 2.5)

    performance.performance(workspace)

    found = evidence(workspace, "performance")
    assert found.status is Status.PASSED
    assert found.facts == {"slowdown": 1.25, "paths": {"ingest": 1.25}}
    assert list(found.artifacts) == ["reports/performance.json"]
    assert "slowest: ingest, 1.25 times" in said(workspace)
    assert "--cov" not in calls(workspace)[-1]


def test_a_path_that_got_slow_fails(root: Path) -> None:
    """The gate says by how much."""
    workspace = measured(root, 3.2)

    with pytest.raises(GateFailedError, match="SLOWDOWN"):
        performance.performance(workspace)

    assert evidence(workspace, "performance").facts["slowdown"] == 1.6


@pytest.mark.parametrize("spoil", ["crash", "no baseline", "no report"])
def test_what_was_not_compared_is_errored(root: Path, spoil: str) -> None:
    """A crash, a missing baseline and a missing report are no pass."""
    workspace = measured(root, 2.0, code=3 if spoil == "crash" else 0)
    if spoil == "no baseline":
        baseline(workspace.config).unlink()
    if spoil == "no report":
        workspace = workspace_of(root, {"-m pytest": ""})

    with pytest.raises(NothingToJudgeError, match="SLOWDOWN"):
        performance.performance(workspace)

    assert evidence(workspace, "performance").status is Status.ERRORED


def test_an_earlier_report_does_not_count(root: Path) -> None:
    """Each run begins with nothing."""
    performance.performance(measured(root, 2.0))

    with pytest.raises(NothingToJudgeError):
        performance.performance(workspace_of(root, {"-m pytest": ""}))


def test_renew_makes_the_baseline_and_no_verdict(root: Path) -> None:
    """What was far too slow is then what is usual."""
    workspace = measured(root, 9.0)

    performance.performance(workspace, ["--renew"])

    kept = json.loads(baseline(workspace.config).read_text())
    assert kept["pythons"] == {PYTHON: {"ingest": 9.0}}
    assert "Have the change reviewed" in said(workspace)
    with pytest.raises(NothingToJudgeError):
        evidence(workspace, "performance")


def test_a_failed_run_renews_nothing(root: Path) -> None:
    """The baseline stays."""
    workspace = measured(root, 9.0, code=1)
    before = baseline(workspace.config).read_text()

    with pytest.raises(CommandFailedError, match="was not updated"):
        performance.performance(workspace, ["--renew"])

    assert baseline(workspace.config).read_text() == before


def test_other_arguments_are_refused(root: Path) -> None:
    """Nothing runs."""
    workspace = measured(root, 2.0)

    with pytest.raises(ConfigurationError, match="'-k'"):
        performance.performance(workspace, ["-k", "ingest"])

    assert calls(workspace) == []
