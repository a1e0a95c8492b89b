"""The registry client against the registry that the engine really has."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from tests.registry_server import push_image
from tests.releases import labels
from towpath.config.workspace import Workspace
from towpath.core.errors import RegistryError, RegistryNotFoundError
from towpath.registry import image as registries
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.tasks.context import workspace as new_workspace

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    """Return a session of a repository that nothing else uses."""
    found = new_workspace(engine=True)
    name = f"towpath/test-registry-{uuid4().hex[:8]}"
    return replace(found, config=replace(found.config, repository=name))


@pytest.fixture
def client(workspace: Workspace) -> RegistryClient:
    return registries.client(workspace)


def test_bytes_come_back_as_they_were_sent(client: RegistryClient) -> None:
    """Blob, manifest and index are stored under the digest of their very bytes."""
    blob = client.put_blob(b"some bytes", "text/plain")
    index = push_image(client, labels(), tag="one")

    assert client.blob(blob.digest) == b"some bytes"
    assert client.manifest(index.digest) == index
    assert client.resolve("one") == index.digest
    assert "one" in client.tags()


def test_an_image_is_read_with_each_of_its_platforms(client: RegistryClient) -> None:
    """Every config names the platform that the index lists it for."""
    index = push_image(client, labels(), layer=b"x" * 1000)
    image = registries.image(client, index.digest)

    assert set(image.platforms) == {"linux/amd64", "linux/arm64"}
    assert min(image.sizes.values()) > 1000
    assert image.label("dev.towpath.tree") == "7" * 40


def test_a_retag_keeps_the_digest(client: RegistryClient) -> None:
    """The same bytes under a new name are the same image, also of a single platform."""
    index = push_image(client, labels(), ("linux/amd64",))
    single = client.manifest(oci.children(index)[0].digest)
    client.put_manifest("single", single)

    assert client.resolve("single") == single.digest


def test_what_is_attached_is_found_again(client: RegistryClient) -> None:
    """Two artifacts of one subject are both found, whether or not there is a referrers API."""
    index = push_image(client, labels())
    client.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    made = [
        oci.artifact("application/x", index.descriptor, [client.put_blob(text, "text/plain")], {})
        for text in (b"one", b"two")
    ]
    for artifact in made:
        client.attach(index.digest, artifact)

    found = {row.digest for row in client.referrers(index.digest, "application/x")}

    assert found == {artifact.digest for artifact in made}
    assert client.referrers(index.digest, "application/y") == []


def test_what_is_not_there_is_not_found(client: RegistryClient) -> None:
    """An unknown digest has its own error, and a manifest without its blobs is refused."""
    with pytest.raises(RegistryNotFoundError):
        client.manifest(f"sha256:{'0' * 64}")

    index = push_image(client, labels())
    body = index.content.replace(oci.children(index)[0].digest.encode(), b"sha256:" + b"0" * 64)
    with pytest.raises(RegistryError):
        client.put_manifest("broken", oci.Manifest(oci.INDEX, body))
