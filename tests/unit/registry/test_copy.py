"""An image from one registry to another, without a project."""

from __future__ import annotations

import pytest

from tests.registry_server import NAME, Store, push_artifact, push_image, serving
from tests.releases import labels
from towpath.core.references import Repository
from towpath.registry import copy as carry
from towpath.registry.oci_reader import Manifest

pytestmark = pytest.mark.door


@pytest.fixture
def image(store: Store) -> Manifest:
    """An image in the first registry, with an artifact."""
    return push_artifact(store.client(), push_image(store.client(), labels(), tag="built"))


def test_blobs_next_door_are_mounted(store: Store, image: Manifest) -> None:
    """Inside one registry nothing is sent that can be taken over."""
    with serving() as other:
        target = other.client()
        other.neighbours = dict(store.blobs)
        # Both stores answer under one name: the same registry, as the client sees it.
        target.repository = Repository(store.host, NAME)

        carry.copy(store.client(), target, image.digest, "stage")

        assert other.tags["stage"] == image.digest
        assert not any(line.startswith("PUT") and "/blobs/" in line for line in other.asked)
