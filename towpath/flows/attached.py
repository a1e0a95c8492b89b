"""What hangs on an image in the registry beside its evidence: one document an artifact."""

from __future__ import annotations

from collections.abc import Mapping

from towpath.clients.registry import RegistryClient
from towpath.errors import NothingToJudgeError
from towpath.readers import oci
from towpath.readers.oci import Manifest

PLATFORM = "dev.towpath.platform"


def attach(
    registry: RegistryClient,
    subject: Manifest,
    kind: str,
    content: bytes,
    *,
    media_type: str,
    annotations: Mapping[str, str] | None = None,
) -> None:
    """Hang a document of this artifact type on an image; the image's digest stays as it is."""
    registry.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    blob = registry.put_blob(content, media_type)
    artifact = oci.artifact(kind, subject.descriptor, [blob], annotations or {})
    registry.attach(subject.digest, artifact)


def artifacts(registry: RegistryClient, digest: str, kind: str) -> list[Manifest]:
    """Return the artifacts of this type that hang on a digest.

    Raises NothingToJudgeError for one that speaks of another subject than it hangs on.
    """
    found = [registry.manifest(row.digest) for row in registry.referrers(digest, kind)]
    for artifact in found:
        if oci.subject_of(artifact) != digest:
            raise NothingToJudgeError(
                f"{artifact.digest} hangs on {digest} and speaks of another image."
            )
    return found


def content(registry: RegistryClient, artifact: Manifest) -> bytes:
    """Return the document of an artifact."""
    layers = oci.layers(artifact)
    if len(layers) != 1:
        raise NothingToJudgeError(f"{artifact.digest} holds {len(layers)} documents, not one.")
    return registry.content(layers[0])
