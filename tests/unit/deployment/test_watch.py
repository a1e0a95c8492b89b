"""A deployment watches its release from the switch on, and undoes what is clearly broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clock import QuickClock
from tests.unit.deployment.world import FIRST, SECOND, World, said, site_of
from towpath.core.errors import DeploymentUndoneError, GateFailedError
from towpath.deployment import deploy
from towpath.deployment.watch import Watch
from towpath.environments.environment import Site

BAKE = 60


@pytest.fixture
def world() -> World:
    """Nothing runs yet."""
    return World()


@pytest.fixture
def served(world: World, tmp_path: Path) -> Site:
    """An environment that serves 1.0 from web-5 and watches for a minute."""
    site = site_of(world, tmp_path, bake=BAKE)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.acts.clear()
    return site


def watch(site: Site) -> Watch:
    """Return the watch of what runs."""
    return Watch.begin(site, lambda: site.containers("web") + site.containers("worker"), [])


def at_each_sleep(monkeypatch: pytest.MonkeyPatch, act: Callable[[float], None]) -> None:
    """Let something happen whenever the clock sleeps; it gets the time."""
    sleep = QuickClock.sleep

    def sleeping(clock: QuickClock, seconds: float) -> None:
        sleep(clock, seconds)
        act(clock.time)

    monkeypatch.setattr(QuickClock, "sleep", sleeping)


def took(site: Site, act: Callable[[], object]) -> float:
    """Return the seconds that an act takes that ends with a failed gate."""
    before = site.clock.monotonic()
    with pytest.raises(GateFailedError):
        act()
    return site.clock.monotonic() - before


def test_a_good_release_is_watched_for_the_whole_time(served: Site, world: World) -> None:
    """And what was seen goes into the result."""
    found = watch(served)
    world.slots[0].good += 500
    before = served.clock.monotonic()
    facts = found.run()

    assert served.clock.monotonic() - before == BAKE
    assert (facts["requests"], facts["errors"], facts["restarts"]) == (500, 0, 0)
    assert "p95_times" not in facts
    assert "500 answers, 0 errors; too few requests" in said(served)


def test_many_errors_end_the_watch_at_once(
    served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 15 answers a second the minimum of 20 is there after two seconds."""

    def serve(_time: float) -> None:
        world.slots[0].good += 5
        world.slots[0].bad += 10

    found = watch(served)
    at_each_sleep(monkeypatch, serve)

    assert took(served, found.run) == 2.0


def test_few_errors_are_judged_at_the_end(
    served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two percent are over the limit, and may still come down."""

    def serve(_time: float) -> None:
        world.slots[0].good += 49
        world.slots[0].bad += 1

    found = watch(served)
    at_each_sleep(monkeypatch, serve)

    assert took(served, found.run) == BAKE


def test_a_container_that_restarts_ends_the_watch(
    served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last words are in the error."""
    found = watch(served)
    at_each_sleep(monkeypatch, lambda time: world.change("worker", restarts=int(time > 9)))
    before = served.clock.monotonic()
    with pytest.raises(GateFailedError, match="WATCH_RESTARTS: restarts is 1") as caught:
        found.run()

    assert served.clock.monotonic() - before < 15
    assert "worker-6: it stopped, or was restarted 1 times. log of worker-6" in caught.value.why


@pytest.mark.parametrize("ill", ["pages", "engine"])
def test_a_container_that_is_not_ready_three_times_ends_the_watch(
    served: Site, world: World, ill: str
) -> None:
    """By its pages or by the engine's check; twice is a hiccup."""
    found = watch(served)
    if ill == "pages":
        world.sick = {FIRST}
    else:
        world.change("web", health="unhealthy")
    before = served.clock.monotonic()
    with pytest.raises(GateFailedError, match="WATCH_NOT_READY: not_ready is 3") as caught:
        found.run()

    assert served.clock.monotonic() - before == 2.0
    assert "log of web-5" in caught.value.why


def test_a_hiccup_is_forgotten(served: Site, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two failed checks, then a good one, again and again."""

    def stumble(time: float) -> None:
        world.sick = {FIRST} if int(time) % 3 else set()

    found = watch(served)
    at_each_sleep(monkeypatch, stumble)

    assert found.run()["not_ready"] <= 2


def line(second: int, number: int, slot: str, milliseconds: int) -> str:
    """Return a line of the proxy's log."""
    return (
        f"2026-11-30T05:00:{second:02}.{number:06}Z 172.18.0.1:4 [30/Nov/2026:05:00:01.000] public"
        f" web/{slot} 0/0/0/{milliseconds}/{milliseconds} 200 1 - - ---- 1/1/0/0/0 0/0"
    )


def test_a_release_that_is_far_slower_than_the_old_one_is_undone(
    served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one's requests stand in the log before the switch."""
    log = [line(1, number, "web1", 20) for number in range(200)]
    world.log = log

    def serve(_time: float) -> None:
        if world.slots[1].state == "ready":
            log.extend(line(2, len(log) + number, "web2", 900) for number in range(60))

    at_each_sleep(monkeypatch, serve)
    before = served.clock.monotonic()
    with pytest.raises(DeploymentUndoneError) as caught:
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert "were answered within 900 ms, by the old release within 20 ms" in caught.value.why
    assert served.clock.monotonic() - before < BAKE
    assert world.ready == ["1.0"]


def test_what_breaks_after_the_switch_does_not_wait_for_the_drain(
    served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open request keeps the old release draining for 30 s; errors are seen meanwhile."""
    world.slots[0].sessions = 1

    def serve(_time: float) -> None:
        if world.slots[1].state == "ready":
            world.slots[1].bad += 5

    at_each_sleep(monkeypatch, serve)
    before = served.clock.monotonic()
    with pytest.raises(DeploymentUndoneError, match="it is on hold") as caught:
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert "ERROR_RATE" in caught.value.why
    assert served.clock.monotonic() - before < 15
    assert world.ready == ["1.0"]
