"""Monitoring an environment from end to end: how it ends, and what it has written by then."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clock import QuickClock
from tests.fakes import QuietTerminal
from tests.unit.deployment.world import FIRST, SECOND, World, site_of
from towpath.core.errors import CommandFailedError, GateFailedError, InterruptedRunError
from towpath.core.http import PageText
from towpath.deployment import deploy
from towpath.environments.environment import Site
from towpath.gates import Status
from towpath.operations.monitor import monitor as flow
from towpath.operations.monitor.monitor import Monitor
from towpath.operations.monitor.source import Source

Get = Callable[[str], PageText]


class Users:
    """Answers our requests as an environment does, counts them, and does something at one."""

    def __init__(self, world: World, status: int = 200) -> None:
        self.world, self.status = world, status
        self.count = 0
        self.at: dict[int, Callable[[], None]] = {}
        self.urls: set[str] = set()

    def __call__(self, url: str) -> PageText:
        """Answer, as the proxy counts and logs it."""
        self.count += 1
        self.urls.add(url)
        self.at.get(self.count, lambda: None)()
        if self.status and self.world.responses is not None:
            good, bad = self.world.responses
            broken = self.status >= 500
            self.world.responses = (good + (not broken), bad + broken)
        if self.world.log is not None and self.status:
            self.world.log.append(
                f"2026-11-30T05:00:00.{self.count:09}Z 10.0.0.1:1 [x] public web/web1"
                f" 0/0/0/12/12 {self.status} 1 - - ---- "
            )
        return PageText(self.status)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def site(world: World, tmp_path: Path) -> Site:
    """An environment that serves 1.0."""
    found = site_of(world, tmp_path, smoke=["/health/ready", "/"])
    deploy.carry_out(found, "deploy", FIRST, "1.0")
    return replace(found, clock=QuickClock())


def watch(site: Site, users: Get, seconds: float = 15, digest: str = "") -> flow.Watched:
    """Watch, and leave the lines on the terminal."""
    return Monitor(site, Source(site, users), site.workspace.terminal.data).run(seconds, digest)


def written(site: Site) -> list[str]:
    """Return the lines that were written; the terminal of tests breaks long ones."""
    terminal = site.workspace.terminal
    assert isinstance(terminal, QuietTerminal)
    return re.sub(r"\n(?![✓✗!WA])", "", terminal.written).splitlines()


def test_a_quiet_environment_passes(site: Site, world: World) -> None:
    """Without users our own requests, two a second, give every figure."""
    users = Users(world)

    found = watch(site, users)

    assert (found.status, found.early) == (Status.PASSED, "")
    assert users.urls == {"http://127.0.0.1:8081/health/ready", "http://127.0.0.1:8081/"}
    assert (found.figures.seconds, found.figures.probes, found.figures.responses) == (15, 30, 30)
    assert written(site) == [
        f"✓ {seconds:4.0f} s  10 requests, no errors; 95 % answered within 12 ms;"
        " CPU 10 % (database-1); memory 10 % (database-1); no restarts;"
        " all 6 containers are healthy"
        for seconds in (5, 10, 15)
    ]


def test_errors_end_it_early(site: Site, world: World) -> None:
    """After enough requests nobody has to wait for the rest of five minutes."""
    found = watch(site, Users(world, 500), 300)

    assert found.status is Status.FAILED
    assert found.early == "MONITOR_ERROR_RATE is more than 10 times its limit after 20 requests"
    assert (found.figures.seconds, found.figures.error_percent) == (10, 100.0)
    assert written(site)[0].startswith("✗    5 s  10 requests, 10 errors (100.0 %)")


def test_a_port_that_nobody_answers_on_is_no_quiet_hour(site: Site, world: World) -> None:
    """The proxy counts nothing then; our own requests do."""
    found = watch(site, Users(world, 0), 300)

    assert (found.status, found.figures.unanswered) == (Status.FAILED, 20)


def test_a_worker_that_was_killed_ends_it(site: Site, world: World) -> None:
    """It does not come back by itself, and no request shows it."""
    users = Users(world)
    users.at[13] = lambda: world.change("worker", running=False)

    found = watch(site, users, 300)

    assert (found.status, found.figures.seconds) == (Status.FAILED, 10)
    assert found.early == "MONITOR_UNHEALTHY cannot pass any more"
    assert "stopped or unhealthy: worker-6" in written(site)[1]


@pytest.mark.parametrize(
    ("break_", "gate"),
    [
        (lambda world: setattr(world, "responses", None), "MONITOR_ERROR_RATE"),
        (lambda world: setattr(world, "log", None), "MONITOR_LATENCY"),
    ],
)
def test_what_cannot_be_read_is_never_passed(
    site: Site, world: World, break_: Callable[[World], None], gate: str
) -> None:
    """One figure is missing, all others are fine."""
    break_(world)

    found = watch(site, Users(world))

    assert found.status is Status.ERRORED
    assert [row.gate for row in found.verdicts if row.status is not Status.PASSED] == [gate]
    assert written(site)[0].startswith("!")
    with pytest.raises(CommandFailedError, match=f"could not be measured: {gate}"):
        flow.raise_for("staging", found)


def test_another_deployment_in_between_is_no_verdict(site: Site, world: World) -> None:
    """What was measured would be about two releases."""
    users = Users(world)
    users.at[3] = lambda: world.change("web", deployment="another")

    with pytest.raises(CommandFailedError, match="A deployment to staging began"):
        watch(site, users)


def test_nothing_that_runs_is_nothing_to_monitor(tmp_path: Path) -> None:
    """An empty environment has no errors, and has not passed."""
    world = World()
    with pytest.raises(CommandFailedError, match="staging has no web container"):
        watch(site_of(world, tmp_path), Users(world))


def test_another_release_is_not_monitored_for_this_one(site: Site, world: World) -> None:
    """Its figures would become evidence of an image that does not run."""
    with pytest.raises(CommandFailedError, match="does not run the release") as caught:
        watch(site, Users(world), digest=SECOND)

    assert caught.value.why == f"It runs {FIRST}, not {SECOND}."


def by_hand(site: Site, users: Get, monkeypatch: pytest.MonkeyPatch, **settings: bool) -> None:
    """Watch as `invoke monitor` does."""
    monkeypatch.setattr(flow, "Source", lambda site: Source(site, users))
    flow.by_hand(site, 15, **settings)


def test_by_hand_every_verdict_is_written(
    site: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three lines, what was watched, and six verdicts."""
    by_hand(site, Users(world), monkeypatch)

    lines = written(site)
    assert len(lines) == 10
    assert lines[3] == (
        "Watched staging for 15 s: 30 requests, of which 30 were sent by Towpath itself."
    )
    assert [line[0] for line in lines[4:]] == ["✓"] * 6


def test_by_hand_a_gate_that_fails_is_exit_4(
    site: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names it."""
    with pytest.raises(GateFailedError, match="staging failed: MONITOR_ERROR_RATE"):
        by_hand(site, Users(world, 500), monkeypatch)


def interrupt() -> None:
    """Do what Ctrl-C does."""
    raise KeyboardInterrupt


def test_a_watch_goes_on_until_ctrl_c(
    site: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing ends it early; the totals so far are written, and the exit code is 130."""
    users = Users(world, 500)
    users.at[101] = interrupt

    with pytest.raises(InterruptedRunError) as caught:
        by_hand(site, users, monkeypatch, endless=True)

    assert (caught.value.code, caught.value.what) == (130, "Monitoring of staging was interrupted.")
    assert len([line for line in written(site) if " s  " in line]) == 10
    assert "Watched staging for 50 s: 100 requests" in "\n".join(written(site))


def test_a_watch_begins_again_with_a_deployment(
    site: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks at a deployment is not thrown out by it."""
    users = Users(world)
    users.at[3] = lambda: world.change("web", deployment="another")
    users.at[31] = interrupt

    with pytest.raises(InterruptedRunError):
        by_hand(site, users, monkeypatch, endless=True)

    assert written(site)[0] == "A deployment to staging began: measuring starts again."
    assert "Watched staging for 10 s: 20 requests" in "\n".join(written(site))


def test_ctrl_c_before_the_first_line_writes_nothing(
    site: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to sum up."""
    users = Users(world)
    users.at[1] = interrupt

    with pytest.raises(InterruptedRunError):
        by_hand(site, users, monkeypatch)

    assert written(site) == []
