"""Services of an environment: up by their health, and down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.deployment.world import World, site_of
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.environments import secrets
from towpath.environments import services as stack
from towpath.environments.environment import Release

SERVICES = ("database", "cache", "queue")


def test_services_come_up_with_their_addresses(tmp_path: Path) -> None:
    """Only those that are asked for, with their secrets made before."""
    world = World()
    site = site_of(world, tmp_path)

    assert stack.up(site, SERVICES) == {
        "database": "10.0.0.1",
        "cache": "10.0.0.2",
        "queue": "10.0.0.3",
    }
    assert site.state.read("secrets/database_password")


def test_data_without_its_secrets_is_not_opened_with_new_ones(tmp_path: Path) -> None:
    """The volume of the state was lost: nothing is made, and both ways on are named."""
    world = World(kept=["box-staging_database"])
    site = site_of(world, tmp_path)
    with pytest.raises(ConfigurationError, match="secrets of staging") as caught:
        stack.up(site, SERVICES)

    assert "box-staging_database" in caught.value.why
    assert "Restore that volume" in caught.value.next_step
    assert not site.state.files("secrets")


def test_data_with_its_secrets_is_used(tmp_path: Path) -> None:
    """A second start finds both."""
    world = World()
    site = site_of(world, tmp_path)
    stack.up(site, SERVICES)
    world.kept = ["box-staging_database"]

    assert set(stack.up(site, SERVICES)) == set(SERVICES)


def test_a_service_that_does_not_get_healthy_is_named_with_its_words(tmp_path: Path) -> None:
    """After the patience has passed."""
    world = World()
    site = site_of(world, tmp_path)
    stack.up(site, SERVICES)
    world.change("queue", health="starting")
    with pytest.raises(CommandFailedError, match="queue of staging is not healthy") as caught:
        stack.wait(site, SERVICES)

    assert "log of queue-3" in caught.value.why
    assert site.clock.monotonic() >= stack.PATIENCE


def test_a_service_that_starts_again_and_again_is_not_waited_for(tmp_path: Path) -> None:
    """It will not get better by waiting."""
    world = World()
    site = site_of(world, tmp_path)
    stack.up(site, SERVICES)
    world.change("database", health="starting", restarts=3)
    with pytest.raises(CommandFailedError) as caught:
        stack.wait(site, SERVICES)

    assert "started 4 times" in caught.value.why
    assert site.clock.monotonic() == 0


def test_a_service_without_a_container_is_named(tmp_path: Path) -> None:
    """Nothing is there to ask for its words."""
    with pytest.raises(CommandFailedError) as caught:
        stack.wait(site_of(World(), tmp_path), ("cache",))

    assert "cache: timed out after 120 s. It has no container." in caught.value.why


def test_an_environment_without_an_overlay_is_a_setting_that_is_missing(tmp_path: Path) -> None:
    """The file is named."""
    site = site_of(World(), tmp_path)
    (tmp_path / "compose" / "staging.yaml").unlink()
    with pytest.raises(ConfigurationError, match="The file compose/staging.yaml does not exist"):
        stack.up(site, SERVICES)


def test_no_secret_is_among_the_variables(tmp_path: Path) -> None:
    """Secrets reach containers as files only."""
    site = site_of(World(), tmp_path)
    stack.prepare(site)
    made = set(secrets.values(site.state).values())

    assert made
    assert not made & set(site.compose_variables(Release()).values())
