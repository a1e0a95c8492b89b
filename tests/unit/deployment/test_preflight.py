"""What has to be so before a deployment touches anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.registry_server import Store, push_image
from tests.releases import labels
from tests.unit.deployment.world import World, site_of
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.deployment import preflight
from towpath.environments.environment import Release, Site

pytestmark = pytest.mark.door


@pytest.fixture
def world() -> World:
    """An engine without images."""
    return World()


@pytest.fixture
def site(world: World, store: Store, tmp_path: Path) -> Site:
    """An environment whose images come from that registry."""
    site = site_of(world, tmp_path)
    world.images.clear()
    images = store.client().repository
    config = replace(site.workspace.config, registry=images.registry, repository=images.name)
    return replace(site, workspace=replace(site.workspace, config=config))


def release_of(site: Site, store: Store) -> Release:
    """Push an image for both platforms and return it as a release."""
    digest = push_image(store.client(), labels(), tag="test").digest
    return Release(site.workspace.config.images.at(digest), digest, "1.0")


def test_an_image_that_is_not_there_is_fetched(site: Site, store: Store, world: World) -> None:
    """By its digest; one that is there is not asked for again."""
    release = release_of(site, store)
    preflight.preflight(site, release)

    assert list(world.images) == [release.image]


def test_an_image_without_this_platform_is_refused_before_it_is_fetched(
    site: Site, store: Store, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names what it has and how to get the rest."""
    monkeypatch.setattr(world, "platform", lambda: "linux/riscv64")
    with pytest.raises(ConfigurationError, match="no image for linux/riscv64") as caught:
        preflight.preflight(site, release_of(site, store))

    assert "linux/amd64" in caught.value.why
    assert world.images == {}


def test_an_image_without_room_is_refused_before_it_is_fetched(
    site: Site, store: Store, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk that counts is the engine's."""
    monkeypatch.setattr(preflight, "UNPACKED", 1 << 50)
    with pytest.raises(CommandFailedError, match="Not enough disk space for the image of 1.0"):
        preflight.preflight(site, release_of(site, store))

    assert world.images == {}


def test_an_image_of_another_machine_in_the_engine_is_refused(site: Site, world: World) -> None:
    """Someone may have fetched the other platform under this very digest."""
    world.images["box@sha256:x"] = "linux/arm64"
    with pytest.raises(CommandFailedError, match="does not match the platform"):
        preflight.preflight(site, Release("box@sha256:x", "sha256:x", "1.0"))
