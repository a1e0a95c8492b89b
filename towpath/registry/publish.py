"""One image in several registries: brought to each by digest, and named only when all hold it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from towpath.core.errors import RegistryError
from towpath.core.references import BUILT
from towpath.core.references import digest as whole_digest
from towpath.core.references import tag as whole_tag
from towpath.registry import oci_reader as oci
from towpath.registry import push_lock as guard
from towpath.registry.client import RegistryClient, transfer
from towpath.registry.client.uploads import UploadSessions
from towpath.registry.copy import Arrived, spread
from towpath.registry.login import registry_client
from towpath.registry.oci_reader import Manifest
from towpath.registry.tags import move_tag

if TYPE_CHECKING:
    from towpath.config.workspace import Workspace


@dataclass(frozen=True)
class Mirrored:
    """An image that every registry holds, and the tags that now point at it in each, if any."""

    digest: str
    tags: tuple[str, ...]
    arrived: tuple[Arrived, ...]


@guard.pushes
def mirror(workspace: Workspace, digest: str = "", tag: str = "") -> Mirrored:
    """Copy an image and what is attached to it to every further registry.

    The image is the digest, else what the tag names in the first registry, else what `built`
    names. A tag then moves in every registry. Raises RegistryError for an image that lacks a
    platform of the project; then nothing was copied.
    """
    wanted = whole_digest(digest) if digest else whole_tag(tag or BUILT)
    name = whole_tag(tag) if tag else ("" if digest else BUILT)
    chosen = clients(workspace)[0].manifest(wanted)
    _complete(chosen, workspace.config.platforms)
    named = (name,) if name else ()
    return Mirrored(chosen.digest, named, publish(workspace, (chosen.digest, named)))


def publish(workspace: Workspace, *images: tuple[str, Sequence[str]]) -> tuple[Arrived, ...]:
    """Bring images to every further registry, and then move their tags in all of them.

    Each of `images` is a digest with its tags. Raises RegistryError, and then no tag has moved,
    unless every registry holds every part of every image.
    """
    first, others = clients(workspace)
    places = UploadSessions(workspace.config.state / "uploads")
    held = {digest: transfer.open_content(first, digest) for digest, _ in images} if others else {}
    for content in held.values():
        transfer.check(first, content)
    arrived = []
    for other in others:
        with workspace.terminal.step(f"Copy it to {other.repository.registry}"):
            arrived += [spread(first, other, content, places) for content in held.values()]
    for digest, tags in images:
        for tag in tags:
            with workspace.terminal.step(f"Move the tag {tag}"):
                move_tag((*others, first), tag, first.manifest(digest))
    return tuple(arrived)


def clients(workspace: Workspace) -> tuple[RegistryClient, tuple[RegistryClient, ...]]:
    """Return the doors to the first registry and to each further one."""
    config = workspace.config
    first, *others = (
        registry_client(place, config.env) for place in (config.images, *config.mirrors)
    )
    return first, tuple(others)


def _complete(index: Manifest, platforms: Sequence[str]) -> None:
    if not index.is_index:
        return
    has = [row.platform for row in oci.children(index)]
    if missing := sorted(set(platforms) - set(has)):
        raise RegistryError(
            f"{index.digest} does not have {', '.join(missing)}.",
            why=f"It has {', '.join(has) or 'no platform'}.",
            next_step="Build it again with `invoke build`; nothing was copied, no tag was moved.",
        )
