"""One image in two registries: brought by digest, named only when both hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.registry_server import Fault, Store, push_artifact, push_image, serving
from tests.releases import labels, workspace_at
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    ConfigurationError,
    RegistryError,
    RegistryNotFoundError,
    RegistryUnauthorizedError,
)
from towpath.registry import oci_reader as oci
from towpath.registry import publish as mirror
from towpath.registry.oci_reader import Manifest

pytestmark = pytest.mark.door


@pytest.fixture
def second() -> Iterator[Store]:
    """Another registry."""
    with serving() as found:
        yield found


@pytest.fixture
def both(tmp_path: Path, store: Store, second: Store) -> Workspace:
    """A session of a project with two registries."""
    made = workspace_at(tmp_path, store, TOWPATH_STATE=str(tmp_path / "state"))
    return replace(made, config=replace(made.config, registries=(second.host,)))


@pytest.fixture
def image(store: Store) -> Manifest:
    """An image in the first registry, with an artifact."""
    return push_artifact(store.client(), push_image(store.client(), labels(), tag="built"))


@pytest.mark.parametrize("api", [False, True], ids=["fallback tag", "referrers API"])
def test_everything_arrives(both: Workspace, second: Store, image: Manifest, api: bool) -> None:
    """Index, platforms, blobs and what is attached, under the very same digests."""
    second.referrers = api

    done = mirror.mirror(both)

    client = second.client()
    assert client.resolve("built") == done.digest == image.digest
    assert [row.artifact_type for row in client.referrers(image.digest)] == ["application/x"]
    assert set(second.blobs) >= {
        row.digest
        for child in oci.children(image)
        for row in oci.layers(client.manifest(child.digest))
    }
    assert done.tags == ("built",)


def test_a_digest_alone_moves_no_tag(both: Workspace, second: Store, image: Manifest) -> None:
    """It is brought there, and named when somebody says how."""
    assert mirror.mirror(both, image.digest).tags == ()
    assert "built" not in second.tags

    mirror.mirror(both, image.digest, "stage")

    assert second.tags["stage"] == image.digest


def test_the_second_time_nothing_is_sent(both: Workspace, second: Store, image: Manifest) -> None:
    """What is there is asked for, not sent."""
    mirror.mirror(both)
    second.asked.clear()

    done = mirror.mirror(both)

    assert {line.split()[0] for line in second.asked} == {"HEAD", "GET"}
    assert sum(row.sent + row.mounted for row in done.arrived) == 0


def test_a_platform_that_is_missing_stops_it(both: Workspace, store: Store, second: Store) -> None:
    """The project has two platforms, the index one: nothing is copied."""
    push_image(store.client(), labels(), ("linux/amd64",), tag="half")

    with pytest.raises(RegistryError, match="does not have linux/arm64") as caught:
        mirror.mirror(both, tag="half")

    assert caught.value.code == 5
    assert second.asked == []


def test_a_platform_that_is_not_there_stops_it(
    both: Workspace, store: Store, second: Store, image: Manifest
) -> None:
    """An index lists what the registry lost: nothing is named."""
    del store.manifests[oci.children(image)[0].digest]

    with pytest.raises(RegistryNotFoundError):
        mirror.mirror(both)

    assert second.tags == {}


def test_a_blob_that_is_not_there_stops_it(
    both: Workspace, store: Store, second: Store, image: Manifest
) -> None:
    """The first registry itself has to be whole."""
    del store.blobs[oci.sha256(b"layer")]

    with pytest.raises(RegistryNotFoundError, match="does not have the blob"):
        mirror.mirror(both)

    assert second.tags == {}


@pytest.mark.parametrize(("digest", "tag"), [("sha256:12", ""), ("", "a/b"), ("", "-x")])
def test_a_wrong_name_is_refused(both: Workspace, second: Store, digest: str, tag: str) -> None:
    """A digest of another length, a tag of other letters: exit code 2, nothing was asked."""
    with pytest.raises(ConfigurationError):
        mirror.mirror(both, digest, tag)

    assert second.asked == []


def test_a_tag_that_cannot_be_put_back_is_named(
    both: Workspace, store: Store, second: Store, image: Manifest
) -> None:
    """The first registry refuses, and the second does not delete tags: that is said."""
    store.faults = [Fault("PUT", 403) for _ in range(9)]
    second.deletes_tags = False

    with pytest.raises(RegistryUnauthorizedError) as caught:
        mirror.mirror(both, tag="built")
        mirror.mirror(both, image.digest, "stage")

    assert "stage" in caught.value.next_step
    assert second.host in caught.value.next_step


def test_a_tag_of_its_own_goes_away_again(
    both: Workspace, store: Store, second: Store, image: Manifest
) -> None:
    """A tag that was not there before is taken away when the other registry refuses."""
    store.faults = [Fault("PUT", 403) for _ in range(9)]

    with pytest.raises(RegistryUnauthorizedError):
        mirror.mirror(both, image.digest, "stage")

    assert "stage" not in second.tags
