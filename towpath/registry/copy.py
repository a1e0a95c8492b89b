"""An image from one registry to others, without a project: content by digest, and then a tag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from towpath.core.errors import RegistryError, RegistryNotFoundError
from towpath.registry.client import RegistryClient, transfer
from towpath.registry.client.uploads import UploadSessions
from towpath.registry.oci_reader import Manifest


class Arrived(NamedTuple):
    """What one registry needed: blobs it had, took over from next door, or was sent; bytes."""

    registry: str
    present: int
    mounted: int
    sent: int
    bytes_sent: int


def copy(source: RegistryClient, target: RegistryClient, reference: str, tag: str) -> Manifest:
    """Bring an image with what is attached to it to another repository, under a tag there."""
    content = transfer.open_content(source, reference)
    spread(source, target, content, UploadSessions())
    move((target,), tag, content.top)
    return content.top


def spread(
    source: RegistryClient,
    target: RegistryClient,
    content: transfer.Content,
    places: UploadSessions,
) -> Arrived:
    """Bring content and what is attached to it to another registry, and see that it is there."""
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


def move(registries: Sequence[RegistryClient], tag: str, manifest: Manifest) -> None:
    """Let a tag point at a manifest that every registry holds; the last one given moves last.

    Where one registry fails, those before it are put back to what they had, and the error says
    where that could not be done.
    """
    before: list[tuple[RegistryClient, Manifest | None]] = []
    try:
        for registry in registries:
            held = _tagged(registry, tag)
            if held is None or held.digest != manifest.digest:
                before.append((registry, held))
                registry.put_manifest(tag, manifest)
    except RegistryError as error:
        left = [registry for registry, held in before if not _put_back(registry, tag, held)]
        if left:
            names = ", ".join(str(registry.repository) for registry in left)
            error.next_step = f"Run it again: until then {tag} may have moved in {names}."
        raise


def read_back(registries: Sequence[RegistryClient], tag: str, digest: str) -> None:
    """Raise RegistryError unless a tag points at this digest in every registry."""
    for registry in registries:
        if (found := registry.resolve(tag)) != digest:
            raise RegistryError(
                f"The tag {tag} of {registry.repository} points at {found}, not at {digest}.",
                why="Somebody moved it at the same time.",
                next_step="Look at `invoke registry.inspect` and run it again.",
            )


def _tagged(registry: RegistryClient, tag: str) -> Manifest | None:
    try:
        return registry.manifest(tag)
    except RegistryNotFoundError:
        return None


def _put_back(registry: RegistryClient, tag: str, held: Manifest | None) -> bool:
    """Give a tag back what it had; return whether that worked."""
    try:
        if held is not None:
            registry.put_manifest(tag, held)
        elif _tagged(registry, tag) is not None:
            registry.delete(tag)
    except RegistryError:
        return False
    return True
