"""The stage `monitor`: when a run has it, what is recorded, and what is rolled back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal, TableRunner
from tests.registry_server import Store, push_image
from tests.releases import SOURCE, labels, workspace_at
from towpath.config import Environment, parse
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    DeploymentUndoneError,
    GateFailedError,
    NothingToJudgeError,
    TowpathError,
)
from towpath.deployment import deploy, traffic, verify
from towpath.deployment.deploy import Deployed
from towpath.environments.environment import Site
from towpath.evidence import record as stages
from towpath.evidence import registry as evidence
from towpath.gates import Status
from towpath.operations.monitor import monitor as monitors
from towpath.operations.monitor.monitor import Watched
from towpath.operations.monitor.readings import Figures, Peak
from towpath.pipeline import document, monitoring, notifications, pipeline
from towpath.pipeline.run import Run

LEFT_OUT = (
    "No stage monitor in this run: tool.towpath.environments.production.monitor is 0 or not set.\n"
)
OLD = "sha256:" + "9" * 64
GOOD = Figures(15, 30, 0, 30, 0, 0.0, 12.0, Peak(3.0, "web-1"), Peak(20.0, "web-1"), 0, (), 6)


@pytest.mark.parametrize(
    ("environments", "reach", "said", "last"),
    [
        (
            {"production": {"port": 1}},
            "release",
            LEFT_OUT,
            "verify-production",
        ),
        ({"production": {"port": 1, "monitor": 9}}, "release", "", "monitor"),
        ({"production": {"port": 1}}, "test", "", "verify"),
        ({}, "release", LEFT_OUT, "verify-production"),
    ],
)
def test_a_stage_that_is_left_out_is_said(
    tmp_path: Path, environments: dict[str, Any], reach: str, said: str, last: str
) -> None:
    """A release without it is a choice that whoever reads the log sees."""
    terminal = QuietTerminal()
    config = parse({"environments": environments}, tmp_path, {})

    chain = pipeline._chain(Workspace(config, TableRunner(), terminal), reach)

    assert (terminal.said, chain[-1].name) == (said, last)
    assert len(chain) == len(pipeline.stages_up_to(reach)) + (last == "monitor")


@pytest.fixture
def run(tmp_path: Path, store: Store) -> Run:
    """Return a run whose image is in the registry."""
    workspace = workspace_at(tmp_path, store, TableRunner())
    place = Environment("production", port=8080, monitor=15)
    config = replace(workspace.config, environments={"production": place})
    digest = push_image(store.client(), labels(), tag="built").digest
    return Run(replace(workspace, config=config), SOURCE, False, lambda same: same, digest=digest)


def measured(monkeypatch: pytest.MonkeyPatch, run: Run, early: str = "", **change: Any) -> None:
    """Let monitoring measure this."""
    found = replace(GOOD, **change)

    def monitor(site: Site, seconds: float, say: object, digest: str) -> Watched:
        assert (site.name, seconds, digest) == ("production", 15, run.digest)
        verdicts = stages.verdicts(site.workspace.config, "monitor", found.facts())
        return Watched(found, verdicts, early)

    monkeypatch.setattr(monitors, "monitor", monitor)


def rollback(
    monkeypatch: pytest.MonkeyPatch, run: Run, act: Callable[..., Deployed], serving: str = ""
) -> None:
    """Let a rollback do this while a release serves."""
    monkeypatch.setattr(deploy, "rollback", act)
    monkeypatch.setattr(traffic, "serving_digest", lambda _site: serving or run.digest)
    monkeypatch.setattr(verify, "verify", lambda *_: {"problems": []})


def refused(*_: object) -> Deployed:
    """Nobody may ask for a rollback."""
    raise AssertionError("rolled back")


def to_old(*_: object) -> Deployed:
    """Bring 0.9 back."""
    return Deployed("production", OLD, "", "0.9", 1.0)


@pytest.mark.door
def test_what_passes_is_evidence_in_the_registry(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report has the figures, and nothing is rolled back."""
    measured(monkeypatch, run)
    rollback(monkeypatch, run, refused)

    result = monitoring.monitoring("production")(run)

    assert (result.status, result.error, result.reason) == (Status.PASSED, None, "")
    assert result.fields == {
        "environment": "production",
        "digest": run.digest,
        "version": SOURCE.version,
        "seconds": 15,
        "requests": 30,
        "probes": 30,
        "error_percent": 0.0,
        "p95_ms": 12.0,
        "cpu_percent": 3.0,
        "memory_percent": 20.0,
        "restarts": 0,
        "unhealthy": 0,
    }
    assert "30 requests · 0.00 % errors · p95 12 ms" in document.note(result.as_json())
    held = {row.stage: row for row in evidence.pull(store.client(), run.digest)}
    assert held["monitor"].status is Status.PASSED
    assert [row["gate"] for row in held["monitor"].verdicts] == [
        "MONITOR_ERROR_RATE",
        "MONITOR_LATENCY",
        "MONITOR_CPU",
        "MONITOR_MEMORY",
        "MONITOR_RESTARTS",
        "MONITOR_UNHEALTHY",
    ]


@pytest.mark.door
def test_what_fails_is_rolled_back(run: Run, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 6: the old release serves. The message names the gate, and that it was undone."""
    measured(monkeypatch, run, "it broke", errors=30, error_percent=100.0)
    rollback(monkeypatch, run, to_old)

    result = monitoring.monitoring("production")(run)

    assert (result.status, result.fields["rolled_back"]) == (Status.FAILED, "0.9")
    assert isinstance(result.error, DeploymentUndoneError)
    assert result.error.what == (
        "production was rolled back to 0.9: monitor failed: MONITOR_ERROR_RATE."
    )
    assert "error_percent is 100 %" in result.reason and "it broke" in result.reason
    held = {row.stage: row for row in evidence.pull(store.client(), run.digest)}
    assert held["monitor"].status is Status.FAILED
    known = notifications.of_source(run.workspace.config, SOURCE, "")
    happened = notifications.of_run(run.workspace.config, known, [result])
    assert happened.events == {"failed", "undone"}
    assert happened.notice.gates == ("MONITOR_ERROR_RATE: 100 (limit <= 1)",)


def nothing_before(*_: object) -> Deployed:
    """Refuse, as the first release of an environment does."""
    raise ConfigurationError("No release to roll back to in production.")


@pytest.mark.door
def test_a_rollback_that_is_not_possible_hides_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate is the error, exit code 4, and it says that the release still serves."""
    measured(monkeypatch, run, restarts=2)
    rollback(monkeypatch, run, nothing_before)

    result = monitoring.monitoring("production")(run)

    assert isinstance(result.error, GateFailedError)
    assert result.error.what == "monitor failed: MONITOR_RESTARTS."
    words = "production was not rolled back: No release to roll back to in production."
    assert result.error.why.endswith(words) and result.reason.endswith(words)


@pytest.mark.door
def test_what_somebody_else_deployed_meanwhile_stays(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback would undo the wrong release."""
    measured(monkeypatch, run, restarts=2)
    rollback(monkeypatch, run, refused, serving=OLD)

    result = monitoring.monitoring("production")(run)

    assert isinstance(result.error, GateFailedError)
    assert f"not rolled back: {run.digest} does not serve there any more." in result.reason


@pytest.mark.door
@pytest.mark.parametrize(
    ("change", "kind", "status"),
    [
        ({"restarts": 2}, GateFailedError, Status.FAILED),
        ({"error_percent": None}, NothingToJudgeError, Status.ERRORED),
    ],
)
def test_what_is_not_rolled_back(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    kind: type[TowpathError],
    status: Status,
) -> None:
    """Where the settings say so, and where it is not known that anything is wrong."""
    keep = status is Status.FAILED
    place = replace(run.workspace.config.environments["production"], monitor_rollback=not keep)
    config = replace(run.workspace.config, environments={"production": place})
    run.workspace = replace(run.workspace, config=config)
    measured(monkeypatch, run, **change)
    rollback(monkeypatch, run, refused)

    result = monitoring.monitoring("production")(run)

    assert (result.status, type(result.error)) == (status, kind)


@pytest.mark.door
def test_what_cannot_be_watched_leaves_no_statement(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error goes up, and nothing is rolled back."""

    def gone(*_: object) -> Watched:
        raise CommandFailedError("production has no web container.")

    monkeypatch.setattr(monitors, "monitor", gone)
    rollback(monkeypatch, run, refused)

    with pytest.raises(CommandFailedError):
        monitoring.monitoring("production")(run)
    assert stages.read_statement(run.workspace.config, "monitor") is None
