"""What a registry can be made to say: each lie is a reason of the refusal, and moves no tag."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal
from tests.registry_server import Store, push_image
from tests.releases import labels, record, record_all, workspace_at
from towpath.config.workspace import Workspace
from towpath.core import documents
from towpath.core.errors import NothingToJudgeError, PromotionRefusedError
from towpath.evidence import registry as evidence
from towpath.evidence import statement as statements
from towpath.gates import Status
from towpath.promotion import promote
from towpath.promotion import show as listing
from towpath.promotion.availability import NEEDED
from towpath.registry import image as registry
from towpath.registry import oci_reader as oci
from towpath.registry.oci_reader import Manifest

pytestmark = pytest.mark.door
TYPE, MEDIA = statements.ARTIFACT_TYPE, statements.MEDIA_TYPE
INVALID = "A descriptor in a manifest is incomplete or invalid."


@pytest.fixture
def built(store: Store, workspace: Workspace) -> Manifest:
    """Return the index of an image with all the evidence that `test` needs."""
    index = push_image(store.client(), labels(), tag="built")
    rows = record_all(workspace, index.digest, *NEEDED["test"])
    evidence.push(store.client(), index.digest, rows.values())
    return index


def put(store: Store, content: bytes, media: str = MEDIA) -> dict[str, Any]:
    """Store a blob and return its descriptor."""
    return store.client().put_blob(content, media).as_json()


def attach(store: Store, index: Manifest, layers: Any, **fields: Any) -> str:
    """Attach an artifact as evidence, with fields of its manifest replaced; return its digest."""
    client = store.client()
    client.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    document = oci.artifact(TYPE, index.descriptor, [], {}).document | {"layers": layers}
    kind = fields.pop("stored_as", oci.MANIFEST)
    made = Manifest(kind, json.dumps(document | fields).encode())
    client.attach(index.digest, made)
    # Whoever forges an artifact forges the list that it is on as well.
    place = index.digest.replace(":", "-")
    listed = json.loads(store.manifests[store.tags[place]][1])
    for row in listed["manifests"]:
        row["artifactType"] = TYPE
    again = Manifest(oci.INDEX, json.dumps(listed).encode())
    client.put_manifest(place, again)
    return made.digest


def refusal(workspace: Workspace) -> list[str]:
    """Return why the image may not move to `test`, line by line."""
    with pytest.raises(PromotionRefusedError) as caught:
        promote.promote(workspace, "test")
    return caught.value.why.splitlines()


Lie = Callable[[Store, Manifest], str]


def other_subject(store: Store, index: Manifest) -> str:
    other = push_image(store.client(), labels(), layer=b"other").descriptor.as_json()
    made = attach(store, index, [], subject=other)
    return f"The evidence {made} is attached to {index.digest}, but is about another image."


def no_subject(store: Store, index: Manifest) -> str:
    made = attach(store, index, [], subject="x")
    return f"The evidence {made} is attached to {index.digest}, but is about another image."


def other_artifact_type(store: Store, index: Manifest) -> str:
    made = attach(store, index, [], artifactType="application/spdx+json")
    return (
        f"The registry lists {made} as evidence, but its artifact" " type is application/spdx+json."
    )


def an_index(store: Store, index: Manifest) -> str:
    made = attach(store, index, [], stored_as=oci.INDEX, mediaType=oci.INDEX, manifests=[])
    return f"The evidence {made} has the media type {oci.INDEX}."


def other_media_type(store: Store, index: Manifest) -> str:
    made = attach(store, index, [put(store, b"{}", "application/vnd.dsse.envelope.v1+json")])
    return (
        f"The evidence {made} has a document with the media type"
        " application/vnd.dsse.envelope.v1+json."
    )


def too_large(store: Store, index: Manifest) -> str:
    content = b" " * (documents.BYTES + 1)
    layer = put(store, content)
    attach(store, index, [layer])
    return (
        f"{layer['digest']} is too large to be read."
        f" It has {documents.BYTES + 1} bytes; the limit is {documents.BYTES} bytes."
    )


def larger_than_it_says(store: Store, index: Manifest) -> str:
    layer = put(store, b" " * (documents.BYTES + 1))
    attach(store, index, [layer | {"size": 2}])
    return (
        f"{layer['digest']} does not match its descriptor."
        " Its content has a different digest or size."
    )


def other_bytes(store: Store, index: Manifest) -> str:
    layer = put(store, b"{}")
    store.blobs[layer["digest"]] = b"[]"
    attach(store, index, [layer])
    return (
        f"{layer['digest']} does not match its descriptor."
        " Its content has a different digest or size."
    )


def a_negative_size(store: Store, index: Manifest) -> str:
    layer = put(store, b"{}")
    attach(store, index, [layer | {"size": -1}])
    return f"{INVALID} Not a size in bytes: -1."


def a_size_that_is_text(store: Store, index: Manifest) -> str:
    layer = put(store, b"{}") | {"size": "2"}
    attach(store, index, [layer])
    return f"{INVALID} A field is invalid (not of type int: '2')."


def layers_that_are_none(store: Store, index: Manifest) -> str:
    made = attach(store, index, {"a": 1})
    return f"{made} has no list of layers."


def too_many(store: Store, index: Manifest) -> str:
    made = attach(store, index, [put(store, b"{}")] * (evidence.LAYERS + 1))
    return f"The evidence {made} has more than {evidence.LAYERS} documents."


def no_json(store: Store, index: Manifest) -> str:
    layer = put(store, b"<html>")
    attach(store, index, [layer])
    return (
        f"{store.repository}@{layer['digest']} is not valid evidence."
        " Expecting value: line 1 column 1 (char 0)"
    )


def a_key_twice(store: Store, index: Manifest) -> str:
    layer = put(store, b'{"_type": 1, "_type": 2}')
    attach(store, index, [layer])
    return (
        f"{store.repository}@{layer['digest']} is not valid evidence."
        " the key '_type' appears twice"
    )


def too_deep(store: Store, index: Manifest) -> str:
    layer = put(store, b"[" * 100_000)
    attach(store, index, [layer])
    return (
        f"{store.repository}@{layer['digest']} is not valid evidence."
        " it is nested more than 32 levels deep"
    )


LIES: list[Lie] = [
    *(other_subject, no_subject, other_artifact_type, an_index, other_media_type),
    *(too_large, larger_than_it_says, other_bytes, a_negative_size, a_size_that_is_text),
    *(layers_that_are_none, too_many, no_json, a_key_twice, too_deep),
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_an_artifact_that_is_not_as_it_must_be_is_a_reason(
    store: Store, workspace: Workspace, built: Manifest, lie: Lie
) -> None:
    """The whole list of reasons is that one, exit code 7, and the lists go on."""
    wanted = lie(store, built)

    assert refusal(workspace) == [wanted]
    assert "test" not in store.tags
    listing.inspect(workspace)
    listing.show(workspace, "built")
    assert isinstance(workspace.terminal, QuietTerminal)
    assert "unreadable" in workspace.terminal.written


def test_a_value_under_its_limit_is_refused_wherever_it_is_read(
    store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    """A statement in the registry that says passed over facts that do not."""
    digest = push_image(store.client(), labels(), tag="built").digest
    rows = record_all(workspace, digest, *NEEDED["test"])
    rows["tests"] = replace(rows["tests"], facts={**rows["tests"].facts, "coverage": 3})
    elsewhere = workspace_at(tmp_path / "elsewhere", store)
    evidence.push(store.client(), digest, rows.values())

    assert refusal(elsewhere) == [
        "tests: COVERAGE was evaluated with 80, but its fact is 3",
        "tests: COVERAGE failed: coverage is 3 %; required: COVERAGE >= 80 %;"
        " but the statement records it as passed",
    ]


def test_a_platform_that_is_listed_twice_is_refused(store: Store, workspace: Workspace) -> None:
    """Who pulls it may get the other one."""
    index = push_image(store.client(), labels(), tag="built")
    more = push_image(store.client(), labels(), layer=b"more")
    rows = index.document["manifests"] + more.document["manifests"][:1]
    twice = Manifest(oci.INDEX, json.dumps(index.document | {"manifests": rows}).encode())
    store.client().put_manifest("built", twice)

    with pytest.raises(NothingToJudgeError) as caught:
        promote.promote(workspace, "test")

    assert caught.value.what == f"{twice.digest} lists linux/amd64 twice."


@pytest.mark.parametrize("variant", ["v8", ""])
def test_the_variant_that_a_machine_is_by_itself_is_no_other(
    store: Store, workspace: Workspace, variant: str
) -> None:
    """Some tools write it and some do not."""
    index = push_image(store.client(), labels(), tag="built")
    rows = index.document["manifests"]
    rows[1]["platform"]["variant"] = variant
    made = Manifest(oci.INDEX, json.dumps(index.document | {"manifests": rows}).encode())
    store.client().put_manifest("built", made)

    assert set(registry.image(store.client(), "built").platforms) == {"linux/amd64", "linux/arm64"}


def test_an_unknown_variant_is_another_platform(store: Store, workspace: Workspace) -> None:
    """An image for newer processors does not run on every one."""
    index = push_image(store.client(), labels(), tag="built")
    rows = index.document["manifests"]
    rows[0]["platform"]["variant"] = "v3"
    made = Manifest(oci.INDEX, json.dumps(index.document | {"manifests": rows}).encode())
    store.client().put_manifest("built", made)

    with pytest.raises(NothingToJudgeError, match="is listed as linux/amd64/v3 but is linux/amd64"):
        promote.promote(workspace, "test")


def test_two_machines_count_their_attempts_together(
    store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    """The second goes on where the first ended, so that running until green is seen."""
    client = store.client()
    digest = push_image(client, labels(), tag="built").digest
    other = workspace_at(tmp_path / "elsewhere", store)
    failed = record(workspace, "tests", digest, coverage=3)
    evidence.push(client, digest, [failed])
    passed = record(other, "tests", digest, minutes=1)

    assert evidence.push(client, digest, [passed]) == 1
    assert evidence.push(client, digest, [passed]) == 0
    assert evidence.pull(client, digest) == [
        failed,
        replace(passed, attempt=2, repeats=failed.sha256),
    ]


def test_a_statement_that_is_older_than_the_last_one_is_not_added(
    store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    """It would be an attempt that goes back."""
    client = store.client()
    digest = push_image(client, labels(), tag="built").digest
    other = workspace_at(tmp_path / "elsewhere", store)
    last = record(workspace, "tests", digest, minutes=5)
    evidence.push(client, digest, [last])

    assert evidence.push(client, digest, [record(other, "tests", digest)]) == 0
    assert evidence.pull(client, digest) == [last]


def test_what_cannot_be_believed_is_shown(store: Store, workspace: Workspace) -> None:
    """The verdicts in the list are those of this side."""
    digest = push_image(store.client(), labels(), tag="built").digest
    lint = record(workspace, "lint", digest)
    evidence.push(store.client(), digest, [replace(lint, policy="x", status=Status.PASSED)])

    listing.show(workspace, "built")

    assert isinstance(workspace.terminal, QuietTerminal)
    assert "lint: was evaluated under another policy" in workspace.terminal.said
