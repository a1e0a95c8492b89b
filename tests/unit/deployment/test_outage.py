"""An engine or a proxy that is away is no bad release: the deployment waits for it, or ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.deployment.world import FIRST, SECOND, World, said, site_of
from towpath import gates
from towpath.core.errors import CommandFailedError, DeploymentPausedError, DeploymentUndoneError
from towpath.deployment import deploy, outage, plan
from towpath.environments.environment import Site


@pytest.fixture
def world() -> World:
    """Nothing runs yet."""
    return World()


@pytest.fixture
def served(world: World, tmp_path: Path) -> Site:
    """An environment that serves 1.0."""
    site = site_of(world, tmp_path, bake=10)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.acts.clear()
    return site


def begun(site: Site) -> list[str]:
    """Return the steps that the journal of the second release says were begun."""
    plan_of, *rows = site.journal.read()
    if plan_of["digest"] != SECOND:
        return []
    return [row["step"] for row in rows if row["phase"] == "begin"]


def away_from(site: Site, world: World, step: str, seconds: float) -> None:
    """Let the engine be away for so long once a step has begun."""
    since: list[float] = []

    def away() -> bool:
        if not since and step in begun(site):
            since.append(site.clock.monotonic())
        return bool(since) and site.clock.monotonic() < since[0] + seconds

    world.away = away


@pytest.mark.parametrize("step", ["start", "prove", "switch", "drain", "work", "watch", "stop"])
def test_a_short_outage_is_outlasted_in_every_step(served: Site, world: World, step: str) -> None:
    """The step is done again, nothing twice, and the release serves in the end."""
    away_from(served, world, step, 20)
    deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert world.ready == ["2.0"]
    assert [row.version for row in world.rows if row.service in ("web", "worker")] == ["2.0"] * 2
    words = " ".join(said(served).split())
    assert "Paused at «" in words and "This is not about the release." in words
    assert "answers again after" in words
    assert [row["version"] for row in served.history.releases()] == ["1.0", "2.0"]


@pytest.mark.parametrize("step", ["start", "prove", "switch", "drain", "work", "watch", "stop"])
def test_a_long_outage_undoes_nothing_and_the_next_call_ends_it(
    served: Site, world: World, step: str
) -> None:
    """Exit code 5, the journal without an end, no hold; then one release serves alone."""
    away_from(served, world, step, 10_000)
    before = served.clock.monotonic()
    with pytest.raises(DeploymentPausedError, match="Nothing was undone") as caught:
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert caught.value.code == 5
    assert served.clock.monotonic() - before >= gates.OUTAGE_PATIENCE
    acts = list(world.acts)
    assert not [row for row in acts if row.startswith("remove 2.0")]
    cut = plan.unfinished(served.journal.read(), served.history.releases())
    assert cut is not None and cut.finish is (step == "stop")
    assert served.history.holds() == []

    world.away = lambda: False
    deploy.carry_out(served, "deploy", FIRST, "1.0")

    assert world.ready == ["1.0"]
    assert {row.version for row in world.rows if row.service in ("web", "worker")} == {"1.0"}


def test_errors_of_an_outage_are_not_the_releases(served: Site, world: World) -> None:
    """After it the watch counts anew."""

    def away() -> bool:
        is_away = "watch" in begun(served) and served.clock.monotonic() < ends[0]
        if "watch" in begun(served) and ends[0] == float("inf"):
            ends[0] = served.clock.monotonic() + 20
        if is_away:
            world.slots[1].bad += 50
        return is_away

    ends = [float("inf")]
    world.away = away
    deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert world.slots[1].bad >= 50
    assert world.ready == ["2.0"]


def test_an_outage_while_undoing_is_waited_for(served: Site, world: World) -> None:
    """The old release is back in the end, and the error is that of the release."""
    world.errors = {SECOND}
    since: list[float] = []

    def away() -> bool:
        if not since and "remove 2.0 worker" in world.acts:
            since.append(served.clock.monotonic())
        return bool(since) and served.clock.monotonic() < since[0] + 30

    world.away = away
    with pytest.raises(DeploymentUndoneError):
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert world.ready == ["1.0"]


def test_an_outage_while_migrating_is_not_repeated(served: Site, world: World) -> None:
    """A migration that was cut off may still run: nothing is begun a second time, and no hold."""
    away_from(served, world, "migrate", 5)
    with pytest.raises(DeploymentUndoneError) as caught:
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert begun(served) == ["migrate"]
    assert caught.value.next_step == "Deploy again."
    assert served.history.holds() == []


def test_outages_that_come_again_and_again_end(served: Site) -> None:
    """All of them together have a minute."""

    def act() -> None:
        raise outage.EngineUnreachableError("Docker API call failed: list containers.")

    before = served.clock.monotonic()
    with pytest.raises(DeploymentPausedError):
        outage.outlast(served, "watch", act, lambda: None)

    assert served.clock.monotonic() - before == gates.OUTAGE_PATIENCE


def test_a_failure_of_the_release_is_no_outage(served: Site) -> None:
    """The engine answers, and so does the proxy."""
    assert not outage.is_outage(served, CommandFailedError("It failed."))
    assert not outage.is_outage(served, ValueError())


def test_a_failed_command_is_an_outage_while_the_engine_is_away(served: Site, world: World) -> None:
    """The command line of Docker says it with the exit code of everything."""
    world.away = lambda: True
    assert outage.is_outage(served, CommandFailedError("docker compose failed."))
    world.away = lambda: False
    world.change("proxy", running=False)
    assert outage.is_outage(served, CommandFailedError("docker compose failed."))
