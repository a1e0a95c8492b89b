"""A tag moves in every registry or in none, to what is there as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.registry_server import Store, push_image, serving
from tests.releases import labels
from towpath.core.errors import RegistryError
from towpath.registry import oci_reader as oci
from towpath.registry import tags
from towpath.registry.oci_reader import Manifest

pytestmark = pytest.mark.door


@pytest.fixture
def second() -> Iterator[Store]:
    """Another registry."""
    with serving() as found:
        yield found


@pytest.fixture
def image(store: Store) -> Manifest:
    """An image in the first registry."""
    return push_image(store.client(), labels(), tag="built")


def test_a_tag_that_somebody_moves_is_noticed(store: Store, image: Manifest) -> None:
    """What is read back afterwards is another image."""
    push_image(store.client(), labels(), layer=b"other", tag="stage")

    with pytest.raises(RegistryError, match="points at"):
        tags.read_back((store.client(),), "stage", image.digest)


def test_a_retag_wants_every_platform(store: Store) -> None:
    """An index whose platform is not there gets no other name."""
    client = store.client()
    row = oci.Descriptor(oci.MANIFEST, f"sha256:{'0' * 64}", 5)
    client.put_manifest("one", oci.index_of([row]))

    with pytest.raises(RegistryError, match="does not exist"):
        tags.move_tag((client,), "two", client.manifest("one"))

    assert client.tags() == ["one"]


def test_no_tag_moves_where_a_further_registry_lacks_a_platform(
    store: Store, second: Store, image: Manifest
) -> None:
    """The platforms are asked for in every registry before the first tag moves."""
    push_image(second.client(), labels(), platforms=("linux/amd64",))

    with pytest.raises(RegistryError, match="does not exist; no tag was moved"):
        tags.move_tag((store.client(), second.client()), "stage", image)

    assert "stage" not in {**store.tags, **second.tags}
    assert not any(line.startswith("PUT") and "stage" in line for line in store.asked)


def test_a_tag_that_points_there_is_not_put_again(store: Store, image: Manifest) -> None:
    """It is read, and that is all."""
    tags.move_tag((store.client(),), "stage", image)
    store.asked.clear()

    tags.move_tag((store.client(),), "stage", image)

    assert {line.split()[0] for line in store.asked} == {"HEAD", "GET"}


def test_a_tag_that_somebody_moves_meanwhile_is_noticed(
    store: Store, second: Store, image: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the last registry takes it, the tag of the first one moves on."""
    first, last = store.client(), second.client()
    push_image(last, labels())
    put = last.put_manifest

    def busy(reference: str, manifest: Manifest) -> bool:
        push_image(first, labels(), layer=b"other", tag="stage")
        return put(reference, manifest)

    monkeypatch.setattr(last, "put_manifest", busy)

    with pytest.raises(RegistryError, match="points at"):
        tags.move_tag((first, last), "stage", image)
