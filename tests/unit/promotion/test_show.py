"""What the registry holds, as people see it."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.fakes import QuietTerminal
from tests.registry_server import Store, push_image
from tests.releases import labels
from towpath.config.workspace import Workspace
from towpath.promotion import show as listing
from towpath.registry import oci_reader as oci
from towpath.registry.image import Image, image

pytestmark = pytest.mark.door
CREATED = "org.opencontainers.image.created"


def written(workspace: Workspace) -> str:
    assert isinstance(workspace.terminal, QuietTerminal)
    return workspace.terminal.written


def test_tags_are_listed_with_their_images(store: Store, workspace: Workspace) -> None:
    """One line a tag; the registry's own bookkeeping is left out."""
    client = store.client()
    pushed = push_image(client, labels(), tag="built")
    client.put_manifest(pushed.digest.replace(":", "-"), oci.index_of([]))

    listing.tags(workspace)

    assert written(workspace) == f"built {store.repository}@{pushed.digest}\n"


def test_sboms_are_counted_by_their_kind(store: Store, workspace: Workspace) -> None:
    """Of the index and of each platform; what is attached and is none does not count."""
    client = store.client()
    index = push_image(client, labels(), tag="built")
    subjects = [index.descriptor, *oci.children(index)]
    for subject, kind in zip(
        [*subjects, index.descriptor],
        ["application/spdx+json", "application/spdx+json", "application/vnd.cyclonedx+json", "a/b"],
        strict=True,
    ):
        client.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
        client.attach(subject.digest, oci.artifact(kind, subject, [], {}))

    listing.inspect(workspace)

    assert "2 SPDX, 1" in written(workspace)
    assert listing._sboms(client, image(client, index.digest)) == "2 SPDX, 1 CycloneDX"


@pytest.mark.parametrize(
    ("created", "age"),
    [
        ("2026-11-25T09:59:30Z", "30 s"),
        ("2026-11-25T09:00:00Z", "1 h"),
        ("2026-11-25T09:30:00+00:00", "30 min"),
        ("2026-11-20T09:00:00Z", "5 d"),
        ("yesterday", "-"),
        ("2026-11-25T09:00:00", "-"),
        ("", "-"),
    ],
)
def test_the_age_is_the_commit_s(store: Store, created: str, age: str) -> None:
    """In the largest whole unit; where nothing is known a dash."""
    client = store.client()
    pushed = push_image(client, {CREATED: created})
    now = dt.datetime(2026, 11, 25, 10, tzinfo=dt.UTC)

    found: Image = image(client, pushed.digest)

    assert listing._age(found, now) == age
