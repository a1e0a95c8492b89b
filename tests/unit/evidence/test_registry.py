"""Evidence travels with the digest: pushed once, found by any machine."""

from __future__ import annotations

import json

import pytest

from tests.registry_server import Store, push_image
from tests.releases import labels, record, record_all
from towpath.config.workspace import Workspace
from towpath.core.errors import NothingToJudgeError
from towpath.evidence import registry as evidence
from towpath.evidence import statement as statements
from towpath.registry import image as registry
from towpath.registry import oci_reader as oci

pytestmark = pytest.mark.door


def test_statements_come_back_as_they_were(store: Store, workspace: Workspace) -> None:
    """What another machine pulls is what this one recorded, the oldest first."""
    client = store.client()
    digest = push_image(client, labels()).digest
    second = record(workspace, "tests", digest, minutes=1)
    first = record(workspace, "lint", digest)

    assert evidence.push(client, digest, [second, first]) == 2
    assert evidence.pull(client, digest) == [first, second]


def test_the_artifact_speaks_of_the_index(store: Store, workspace: Workspace) -> None:
    """Its subject is the index digest, and its type says what it is."""
    client = store.client()
    index = push_image(client, labels())
    evidence.push(client, index.digest, [record(workspace, "lint", index.digest)])

    (row,) = client.referrers(index.digest, statements.ARTIFACT_TYPE)
    document = client.manifest(row.digest).document

    assert document["subject"] == index.descriptor.as_json()
    assert document["annotations"] == {"dev.towpath.stages": "lint"}
    assert [layer["mediaType"] for layer in document["layers"]] == [statements.MEDIA_TYPE]


def test_what_is_there_is_not_pushed_again(store: Store, workspace: Workspace) -> None:
    """A second push of the same statements writes nothing; a new one brings only itself."""
    client = store.client()
    digest = push_image(client, labels()).digest
    lint = record(workspace, "lint", digest)
    evidence.push(client, digest, [lint])
    store.asked.clear()

    assert evidence.push(client, digest, [lint]) == 0
    assert not [line for line in store.asked if line.startswith(("PUT", "POST"))]
    assert evidence.push(client, digest, [lint, record(workspace, "tests", digest)]) == 1
    assert len(client.referrers(digest, statements.ARTIFACT_TYPE)) == 2


def test_only_what_speaks_of_the_image_is_local_evidence(
    store: Store, workspace: Workspace
) -> None:
    """Statements about its digest or its very source count; those of another image do not."""
    client = store.client()
    index = push_image(client, labels())
    record_all(workspace, index.digest, "lint", "build")
    record(workspace, "scan", f"sha256:{'0' * 64}")
    image = registry.image(client, index.digest)

    assert {row.stage for row in evidence.local(workspace, image)} == {"lint", "build"}


def test_evidence_that_hangs_on_another_image_is_refused(
    store: Store, workspace: Workspace
) -> None:
    """An artifact that was listed for a digest it does not speak of is not believed."""
    client = store.client()
    mine = push_image(client, labels())
    other = push_image(client, labels(), layer=b"other")
    evidence.push(client, other.digest, [record(workspace, "lint", other.digest)])
    place = mine.digest.replace(":", "-")
    store.tags[place] = store.tags[other.digest.replace(":", "-")]

    with pytest.raises(NothingToJudgeError) as caught:
        evidence.pull(client, mine.digest)

    assert "is about another image" in caught.value.why


def test_a_statement_that_is_not_ours_is_refused(store: Store) -> None:
    """Something else under our type is nothing to judge, never passed over."""
    client = store.client()
    index = push_image(client, labels())
    blob = client.put_blob(json.dumps({"_type": "x"}).encode(), "text/plain")
    client.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    client.attach(
        index.digest, oci.artifact(statements.ARTIFACT_TYPE, index.descriptor, [blob], {})
    )

    with pytest.raises(NothingToJudgeError) as caught:
        evidence.pull(client, index.digest)

    assert "has a document with the media type text/plain." in caught.value.why
