"""What runs where."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.deployment.world import FIRST, SECOND, World, site_of
from towpath.core.errors import CommandFailedError
from towpath.deployment import deploy
from towpath.environments import services as stack
from towpath.environments import status


def test_an_environment_that_serves(tmp_path: Path) -> None:
    """Version, digest, since when, how many."""
    site = site_of(World(), tmp_path, replicas=2)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    found = status.look(site)

    assert (found.version, found.digest, found.containers) == ("1.0", FIRST, 2)
    assert (found.health, found.problems) == ("healthy", ())
    assert found.since == site.history.releases()[0]["at"]


def test_an_environment_that_was_never_started(tmp_path: Path) -> None:
    """Absent is neither healthy nor unhealthy."""
    assert status.look(site_of(World(), tmp_path)).health == "absent"


def test_services_alone_are_well(tmp_path: Path) -> None:
    """Nothing was deployed, so that nothing needs to serve."""
    site = site_of(World(), tmp_path)
    stack.up(site, ("database", "cache"))

    assert status.look(site).health == "healthy"


def test_each_ill_container_is_named(tmp_path: Path) -> None:
    """By its own word, or as not running."""
    world = World()
    site = site_of(world, tmp_path)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.change("cache", health="unhealthy")
    world.change("web", running=False)

    assert status.look(site).problems == (
        "cache-2 is unhealthy",
        "web-5 is not running",
        "no container receives traffic from the proxy",
    )


def test_two_releases_at_once_are_told(tmp_path: Path) -> None:
    """A deployment is on its way, or was cut off."""
    world = World()
    site = site_of(world, tmp_path, replicas=2)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.rows = [
        row if row.name != "web-5" else type(row)(**{**vars(row), "digest": SECOND})
        for row in world.rows
    ]

    assert "more than one release receives traffic" in status.look(site).problems[0]


def test_a_proxy_that_does_not_run_is_started_by_a_deployment(tmp_path: Path) -> None:
    """The error names that command: services.up starts services alone."""
    world = World()
    site = site_of(world, tmp_path)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.change("proxy", running=False)
    with pytest.raises(CommandFailedError) as raised:
        assert site.proxy

    assert raised.value.next_step == f"invoke deploy --environment={site.name}"
    assert "proxy" not in site.services
