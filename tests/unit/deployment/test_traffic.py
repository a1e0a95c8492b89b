"""Containers are proved and drained."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.deployment.world import FIRST, World, said, site_of
from towpath.core.errors import CommandFailedError
from towpath.deployment import deploy, traffic
from towpath.environments.environment import Site


@pytest.fixture
def world() -> World:
    """Nothing runs yet."""
    return World()


@pytest.fixture
def served(world: World, tmp_path: Path) -> Site:
    """An environment that serves 1.0 from web-5."""
    site = site_of(world, tmp_path)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.acts.clear()
    return site


def test_good_answers_must_come_in_a_row(
    served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is not good starts the count anew."""
    answers = iter([200, 200, 503, 200, 200, 200, 200])
    asked: list[int] = []

    def execute(_container: object, argv: list[str]) -> tuple[int, str]:
        asked.append(next(answers))
        return 0, f"HTTP/1.0 {asked[-1]} x\r\n\r\n\n{argv[8]} 0\n"

    (container,) = served.containers("web")
    monkeypatch.setattr(world, "execute", execute)
    traffic.prove(served, container)

    assert asked == [200, 200, 503, 200, 200, 200]


def test_a_container_that_vanishes_is_no_proof(served: Site, world: World) -> None:
    """It is named."""
    (container,) = served.containers("web")
    world.rows.clear()
    with pytest.raises(CommandFailedError, match="web-5 no longer exists"):
        traffic.prove(served, container)


def test_a_worker_that_never_says_healthy_is_not_waited_for_without_end(
    served: Site, world: World
) -> None:
    """Until the deadline, and with its last words."""
    world.change("worker", health="starting")
    (worker,) = served.containers("worker")
    with pytest.raises(CommandFailedError) as caught:
        traffic.await_health(served, worker)

    assert "was not healthy after 90 s. log of worker-6" in caught.value.why


def test_draining_waits_for_what_is_open_until_the_deadline(served: Site, world: World) -> None:
    """Open requests at the deadline are told, and the deployment goes on."""
    world.slots[0].sessions = 2
    before = served.clock.monotonic()
    traffic.drain(served, ["web-5"])

    assert served.clock.monotonic() - before == pytest.approx(served.environment.drain, abs=1)
    assert "2 requests were still open" in said(served)


def test_draining_what_has_no_slot_is_nothing(served: Site, world: World) -> None:
    """A container that was taken out before is fine."""
    traffic.drain(served, ["web-77"])

    assert world.acts == []


def test_a_slot_of_what_is_gone_is_cleared(served: Site, world: World) -> None:
    """Otherwise the proxy fills up, a deployment at a time."""
    served.proxy.add_server("web-99")
    traffic.restore(served)

    assert [slot.host for slot in world.slots if slot.host != "localhost"] == ["web-5"]


def test_a_container_that_the_proxy_never_takes_up_is_an_error(
    served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ready is what we asked; up is what the proxy does."""
    show = world._show
    monkeypatch.setattr(world, "_show", lambda: show().replace(",UP,", ",DOWN,"))
    with pytest.raises(
        CommandFailedError, match="Timed out after 15 s waiting for HAProxy to mark web-5 as up"
    ):
        traffic.admit(served, "web-5")


def test_steady_is_the_whole_release_and_nothing_else(served: Site, world: World) -> None:
    """A missing worker, or an ill container, is not steady."""
    assert traffic.is_steady(served, FIRST)
    world.change("worker", running=False)
    assert not traffic.is_steady(served, FIRST)
