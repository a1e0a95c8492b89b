"""The whole check: which probes it has, what it writes, how it ends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal, TableRunner
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.core.redaction import SECRETS
from towpath.operations import health as flow
from towpath.operations import probes
from towpath.operations.health_rules import HealthCheck, Level
from towpath.operations.probes import Probe

FINE = HealthCheck("a", Level.OK, "well")
ODD = HealthCheck("bb", Level.WARNING, "old", "renew it")
BAD = HealthCheck("ccc", Level.ERROR, "gone", "bring it back")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace of a project with two environments."""
    table = {"environments": {"staging": {"port": 8081}, "production": {"port": 8080}}}
    return Workspace(config.parse(table, tmp_path, {}), TableRunner(), QuietTerminal())


def finding(monkeypatch: pytest.MonkeyPatch, *checks: HealthCheck) -> None:
    """Let the probes find these."""

    def made(_workspace: Workspace, _environment: str = "") -> list[Probe]:
        return [Probe(row.subject, lambda row=row: [row]) for row in checks]  # type: ignore[misc]

    monkeypatch.setattr(flow, "all_probes", made)


def written(workspace: Workspace) -> str:
    """Return what went to standard output."""
    assert isinstance(workspace.terminal, QuietTerminal)
    return workspace.terminal.written


def test_every_part_of_the_machine_is_probed(workspace: Workspace) -> None:
    """And of one environment only that one."""
    assert [row.subject for row in flow.all_probes(workspace)] == [
        "Docker engine",
        "buildx",
        "build cache",
        "Compose",
        "emulation",
        "disk for images",
        "disk for state",
        "registry localhost:5000",
        "advisories of security",
        "advisories of scan",
        "staging",
        "production",
    ]
    assert [row.subject for row in flow.all_probes(workspace, "staging")] == ["staging"]
    with pytest.raises(ConfigurationError, match="Did you mean 'staging'"):
        flow.all_probes(workspace, "stagin")


def test_lines_stand_in_columns(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning does not end the command with an error."""
    finding(monkeypatch, FINE, ODD)

    flow.health(workspace)

    first, second = written(workspace).splitlines()
    assert first.startswith("✓ a    0.") and first.endswith(" s  well")
    assert second.startswith("! bb   0.") and second.endswith(" s  old → renew it")


def test_an_error_ends_with_5(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names what is not well, and the first remedy."""
    finding(monkeypatch, FINE, ODD, BAD)

    with pytest.raises(CommandFailedError) as caught:
        flow.health(workspace)

    assert caught.value.code == 5
    assert caught.value.lines() == ["These checks failed: ccc.", "next: bring it back"]
    assert "✗ ccc" in written(workspace)


def test_strict_ends_with_5_for_a_warning(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a warning it does not."""
    finding(monkeypatch, FINE)
    flow.health(workspace, strict=True)
    finding(monkeypatch, FINE, ODD)

    with pytest.raises(CommandFailedError, match=r"These checks failed: bb\."):
        flow.health(workspace, strict=True)


def test_json(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """One document, also where it ends with an error; secrets are hidden in it."""
    SECRETS.hide("swordfish-1")
    finding(monkeypatch, FINE, HealthCheck("ccc", Level.ERROR, "refused swordfish-1", "x"))

    with pytest.raises(CommandFailedError):
        flow.health(workspace, as_json=True)

    found = json.loads(written(workspace))
    assert found["status"] == "error"
    assert [(row["check"], row["status"]) for row in found["checks"]] == [
        ("a", "ok"),
        ("ccc", "error"),
    ]
    assert found["checks"][1]["message"] == "refused ***"


def test_one_that_hangs_does_not_hold_the_command(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines of all others are there, and it ends with 5."""
    over = threading.Event()

    def hang() -> Iterable[HealthCheck]:
        over.wait()
        return []

    monkeypatch.setattr(
        flow, "all_probes", lambda *_: [Probe("h", hang), Probe("a", lambda: [FINE])]
    )
    monkeypatch.setattr(flow, "run_probes", lambda rows: probes.run_probes(rows, 0.1))
    started = time.monotonic()

    with pytest.raises(CommandFailedError, match=r"These checks failed: h\."):
        flow.health(workspace)

    over.set()
    assert time.monotonic() - started < 2
    assert "could not check: no answer within 0.1 s" in written(workspace)
    assert "✓ a" in written(workspace)
