"""What is attached to an image in the registry beside its evidence: one document an artifact."""

from __future__ import annotations

from collections.abc import Mapping

from towpath.core.errors import NothingToJudgeError
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.oci_reader import Descriptor, Manifest

PLATFORM = "dev.towpath.platform"
# Bytes of a document that is attached: a list of the packages of a large image is the largest.
DOCUMENT = 64 << 20
PIECE = 1 << 16


def attach(
    registry: RegistryClient,
    subject: Manifest,
    kind: str,
    content: bytes,
    *,
    media_type: str,
    annotations: Mapping[str, str] | None = None,
) -> None:
    """Attach a document of this artifact type to an image; the image's digest stays as it is."""
    registry.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    blob = registry.put_blob(content, media_type)
    artifact = oci.artifact(kind, subject.descriptor, [blob], annotations or {})
    registry.attach(subject.digest, artifact)


def artifacts(registry: RegistryClient, digest: str, kind: str) -> list[Manifest]:
    """Return the artifacts of this type that are attached to a digest.

    Raises NothingToJudgeError for one that names another subject than it is attached to.
    """
    found = [registry.manifest(row.digest) for row in registry.referrers(digest, kind)]
    for artifact in found:
        if oci.subject_of(artifact) != digest:
            raise NothingToJudgeError(
                f"{artifact.digest} is attached to {digest} but its subject is another image."
            )
    return found


def content(registry: RegistryClient, artifact: Manifest) -> bytes:
    """Return the document of an artifact.

    Raises NothingToJudgeError unless it has exactly one document, which fits its descriptor.
    """
    layers = oci.layers(artifact)
    if len(layers) != 1:
        raise NothingToJudgeError(f"{artifact.digest} has {len(layers)} layers instead of one.")
    return read_attachment(registry, layers[0], DOCUMENT)


def read_attachment(registry: RegistryClient, layer: Descriptor, limit: int) -> bytes:
    """Return a document of at most `limit` bytes, of the size and digest that its descriptor says.

    No more than that is ever read. Raises NothingToJudgeError for a document that is not so.
    """
    if not 0 <= layer.size <= limit:
        raise NothingToJudgeError(
            f"{layer.digest} is too large to be read.",
            why=f"It has {layer.size} bytes; the limit is {limit} bytes.",
        )
    found = b""
    with registry.reading(layer.digest) as source:
        while len(found) <= layer.size and (piece := source.read(PIECE)):
            found += piece
    if len(found) != layer.size or oci.sha256(found) != layer.digest:
        raise NothingToJudgeError(
            f"{layer.digest} does not match its descriptor.",
            why="Its content has a different digest or size.",
        )
    return found
