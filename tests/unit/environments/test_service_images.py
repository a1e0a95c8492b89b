"""Images of services by digest: resolved once, kept while tags move, and told with a deployment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.deployment.world import FIRST, SECOND, SERVICES, World, at, site_of
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.deployment import deploy
from towpath.environments import compose_reader as reader
from towpath.environments import service_images
from towpath.environments import services as stack
from towpath.environments.environment import Site
from towpath.environments.service_images import repository


@pytest.fixture
def world() -> World:
    """An engine that has the image of every service."""
    return World()


@pytest.fixture
def site(world: World, tmp_path: Path) -> Site:
    """The environment in that world."""
    return site_of(world, tmp_path)


def test_services_run_by_digest(site: Site, world: World) -> None:
    """Compose gets one more file, in which each service names its image so."""
    stack.up(site, ("database", "cache", "queue"))

    assert world.files[-1] == "--file=.towpath/rendered/compose/staging.images.json"
    document = json.loads(site.state.read("images.json") or b"")
    assert document["services"] == {name: {"image": at(name, "a")} for name in sorted(SERVICES)}
    assert world.acts == []


def test_a_tag_that_moves_changes_nothing(site: Site, world: World) -> None:
    """Neither in the registry nor in the engine, until somebody decides it."""
    before = service_images.pin(site)
    world.tags["cache:1"] = (at("cache", "b"),)
    world.registry["cache:1"] = (at("cache", "c"),)
    world.tags["an old name"] = (at("cache", "a"),)

    assert service_images.pin(site) == before
    assert service_images.used(site)["cache"] == at("cache", "a")


def test_names_are_resolved_anew_when_that_is_asked_for(site: Site, world: World) -> None:
    """Each is fetched, and what it points at now counts from then on."""
    service_images.pin(site)
    world.registry = {f"{name}:1": (at(name, "b"),) for name in SERVICES}
    stack.up(site, ("cache",), resolve=True)

    assert sorted(world.acts) == [f"pull {name}:1" for name in sorted(SERVICES)]
    assert set(service_images.used(site).values()) == {at(name, "b") for name in SERVICES}


def test_where_one_name_cannot_be_resolved_nothing_changes(site: Site, world: World) -> None:
    """What runs stays what it was."""
    before = service_images.pin(site)
    world.registry = {"cache:1": (at("cache", "b"),)}
    with pytest.raises(CommandFailedError):
        service_images.pin(site, resolve=True)

    assert service_images.used(site) == before


def test_an_image_that_is_not_there_is_fetched(site: Site, world: World) -> None:
    """By its name the first time, by its digest ever after."""
    del world.tags["cache:1"]
    world.registry["cache:1"] = (at("cache", "b"),)
    service_images.pin(site)
    del world.tags["cache:1"]
    world.registry = {at("cache", "b"): (at("cache", "b"),)}
    service_images.pin(site)

    assert world.acts == ["pull cache:1", f"pull {at('cache', 'b')}"]


def test_an_image_that_is_nowhere_is_an_error_that_says_what_to_decide(
    site: Site, world: World
) -> None:
    """The tag is not followed by itself."""
    service_images.pin(site)
    world.tags["cache:1"] = (at("cache", "b"),)
    with pytest.raises(CommandFailedError, match=at("cache", "a")) as caught:
        service_images.pin(site)

    assert "invoke services.up --environment=staging --resolve" in caught.value.next_step


def test_an_image_without_a_registry_has_no_digest(site: Site, world: World) -> None:
    """Nobody could fetch it again."""
    world.tags["cache:1"] = ("elsewhere@sha256:" + "a" * 64,)
    world.registry["cache:1"] = ()
    with pytest.raises(CommandFailedError, match="Cannot determine the digest of cache:1"):
        service_images.pin(site)

    assert site.state.read("images.json") is None


def test_a_new_name_in_the_compose_file_is_a_decision(site: Site, world: World) -> None:
    """The others keep their digests, and a service that is gone is forgotten."""
    service_images.pin(site)
    world.named = {"cache": "cache:2", "database": "database:1"}
    world.tags |= {"cache:2": (at("cache", "d"),), "database:1": (at("database", "b"),)}
    world.tags["an old name"] = (at("database", "a"),)

    assert service_images.pin(site) == {"cache": at("cache", "d"), "database": at("database", "a")}
    assert set(json.loads(site.state.read("images.json") or b"")["services"]) == {
        "cache",
        "database",
    }


def test_a_digest_in_the_compose_file_stands(site: Site, world: World) -> None:
    """With or without a tag beside it; half of one is refused."""
    world.named = {"cache": f"docker.io/library/cache:1@sha256:{'e' * 64}"}
    world.tags["held"] = (at("cache", "e"),)

    assert service_images.pin(site) == {"cache": at("cache", "e")}
    world.named = {"cache": "cache@sha256:abc"}
    with pytest.raises(ConfigurationError, match="is not a digest"):
        service_images.pin(site)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"services": {}}', '{"services": [], "x-names": {}}']
    + ['{"services": {}, "x-names": {"cache:1": 5}}', '{"services": {}, "x-names": {"c": "c:1"}}']
    + ['{"services": {"cache": {"image": "cache:1"}}, "x-names": {}}', '{"services": {"c": 1}}'],
)
def test_a_spoilt_file_is_an_error_and_can_be_made_anew(
    site: Site, world: World, text: str
) -> None:
    """No tag is taken for a digest."""
    site.state.write("images.json", text.encode())
    with pytest.raises(CommandFailedError, match="lists no images") as caught:
        service_images.pin(site)

    assert "--resolve" in caught.value.next_step
    world.registry = dict(world.tags)
    assert service_images.pin(site, resolve=True)["cache"] == at("cache", "a")


def test_a_deployment_tells_the_images_around_it(site: Site, world: World) -> None:
    """Its facts and the history of the environment have them, by digest."""
    wanted = {name: at(name, "a") for name in SERVICES}
    deployed = deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.registry = {f"{name}:1": (at(name, "b"),) for name in SERVICES}
    service_images.pin(site, resolve=True)
    deploy.carry_out(site, "deploy", SECOND, "2.0")

    assert deployed.images == wanted
    first, second = site.history.releases()
    assert first["images"] == wanted
    assert second["images"] == {name: at(name, "b") for name in SERVICES}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("haproxy:3.0", "haproxy"),
        ("haproxy", "haproxy"),
        ("docker.io/library/haproxy:3.0", "haproxy"),
        ("index.docker.io/bitnami/redis:7", "bitnami/redis"),
        ("bitnami/redis@sha256:" + "a" * 64, "bitnami/redis"),
        ("localhost:5000/library/haproxy:3.0", "localhost:5000/library/haproxy"),
        ("registry.example.com:5000/x", "registry.example.com:5000/x"),
        ("registry.example.com:5000/x:1@sha256:" + "a" * 64, "registry.example.com:5000/x"),
    ],
)
def test_a_repository_is_written_as_the_engine_does(name: str, wanted: str) -> None:
    """A port is no tag, and Docker Hub goes without its name."""
    assert repository(name) == wanted


def test_the_images_of_services_are_read_from_the_configuration() -> None:
    """One that is built from the project's files has no name that could be fetched."""
    text = '{"services": {"a": {"image": "x:1"}, "b": {"build": {}, "image": "own"}}}'

    assert reader.images(text) == {"a": "x:1"}


@pytest.mark.parametrize(
    "text", ["", "null", "[]", '{"services": []}', '{"services": {"a": {"image": 1}}}', "{}"]
)
def test_what_is_no_configuration_is_an_error(text: str) -> None:
    """Nothing is taken for the name of an image."""
    with pytest.raises(CommandFailedError):
        reader.images(text)
