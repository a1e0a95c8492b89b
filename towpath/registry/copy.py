"""An image from one registry to others, without a project: content by digest, and then a tag."""

from __future__ import annotations

from typing import NamedTuple

from towpath.registry.client import RegistryClient, transfer
from towpath.registry.client.uploads import UploadSessions
from towpath.registry.oci_reader import Manifest
from towpath.registry.tags import move_tag


class Arrived(NamedTuple):
    """What one registry needed: blobs it had, took over from next door, or was sent; bytes."""

    registry: str
    present: int
    mounted: int
    sent: int
    bytes_sent: int


def copy(source: RegistryClient, target: RegistryClient, reference: str, tag: str) -> Manifest:
    """Bring an image with what is attached to it to another repository, under a tag there.

    Raises RegistryError if a registry fails, and NothingToJudgeError for a manifest that is not as
    expected.
    """
    content = transfer.open_content(source, reference)
    spread(source, target, content, UploadSessions())
    move_tag((target,), tag, content.top)
    return content.top


def spread(
    source: RegistryClient,
    target: RegistryClient,
    content: transfer.Content,
    places: UploadSessions,
) -> Arrived:
    """Bring content and what is attached to it to another registry, and see that it is there.

    Raises RegistryError if a registry fails, and NothingToJudgeError for a manifest that is not as
    expected.
    """
    hanging = transfer.attached(source, content)
    more = transfer.blobs_of(artifact for _, artifact in hanging)
    # In one go: what is attached is small, and comes while a large layer is on its way.
    whole = content._replace(blobs=transfer.once((*content.blobs, *more)))
    moved = transfer.copy(source, target, whole, places)
    for subject in dict.fromkeys(subject for subject, _ in hanging):
        known = {row.digest for row in target.referrers(subject)}
        rows = [artifact for on, artifact in hanging if on == subject]
        target.attach(subject, *(row for row in rows if row.digest not in known))
    registry = target.repository.registry
    return Arrived(registry, moved.present, moved.mounted, moved.sent, moved.bytes_sent)
