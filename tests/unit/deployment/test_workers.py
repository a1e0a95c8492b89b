"""Workers take no task of a release that they do not have, end in their time, and beat alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.deployment.world import FIRST, SECOND, World, site_of
from towpath.core.errors import DeploymentUndoneError
from towpath.deployment import deploy
from towpath.environments.environment import Site

PROCESSES: dict[str, Any] = {
    "web": "serve",
    "worker": {"command": "work", "stop": 77},
    "beat": {"command": "beat", "single": True, "stop": 5},
}


@pytest.fixture
def world() -> World:
    """Nothing runs yet."""
    return World()


@pytest.fixture
def served(world: World, tmp_path: Path) -> Site:
    """An environment that serves 1.0 with a worker and a single beat."""
    site = site_of(world, tmp_path, {"processes": PROCESSES})
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.acts.clear()
    return site


def of(world: World, *services: str) -> list[str]:
    """Return what was done with containers of these services, and the switch."""
    return [row for row in world.acts if row.endswith((*services, " ready"))]


def test_old_workers_stop_taking_tasks_before_new_web_containers_get_requests(
    served: Site, world: World
) -> None:
    """Whatever the new release puts into the queue meets its own workers only."""
    deploy.carry_out(served, "deploy", SECOND, "2.0")

    ready = next(row for row in world.acts if row.endswith(" ready"))
    assert world.acts.index("ask 1.0 worker") < world.acts.index(ready)
    assert world.acts.index("remove 1.0 worker") > world.acts.index(ready)


def test_each_process_has_its_own_time_to_end(served: Site, world: World) -> None:
    """A long task has `stop` seconds, not those of the requests."""
    deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert world.patience == {"web": served.environment.drain, "worker": 77, "beat": 5}


def test_of_a_single_process_there_are_never_two(served: Site, world: World) -> None:
    """The old one is stopped before the new one is started."""
    running: list[int] = []
    add = world._add

    def adding(service: str, env: Any) -> None:
        if service == "beat":
            running.append(sum(row.running for row in world.containers("", "beat")))
        add(service, env)

    world._add = adding  # type: ignore[method-assign]
    deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert running == [0]
    assert [row.version for row in world.containers("", "beat")] == ["2.0"]


def test_an_undone_release_gives_the_old_workers_their_tasks_again(
    served: Site, world: World
) -> None:
    """The old worker ends what it has begun, starts again, and the single one is alone."""
    world.errors = {SECOND}
    with pytest.raises(DeploymentUndoneError):
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    undone = world.acts[world.acts.index("web-8 maint") + 1 :]
    assert undone == [
        "stop 1.0 worker",
        "start 1.0 worker",
        "remove 2.0 worker",
        "remove 2.0 beat",
        "start 1.0 beat",
        "remove 2.0 web",
    ]
    assert all(row.running for row in world.rows)
    assert world.patience["worker"] == 77
