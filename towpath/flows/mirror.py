"""One image in several registries: brought to each by digest, and named only when all hold it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from towpath.clients.registry import RegistryClient, transfer
from towpath.clients.registry.uploads import Places
from towpath.errors import RegistryError, RegistryNotFoundError
from towpath.flows import guard
from towpath.images import digest as whole_digest
from towpath.images import tag as whole_tag
from towpath.readers import oci
from towpath.readers.oci import Manifest

if TYPE_CHECKING:
    from towpath.flows.session import Session

DEFAULT = "built"


@dataclass(frozen=True)
class Arrived:
    """What one registry needed: blobs it had, took over from next door, or was sent; bytes."""

    registry: str
    present: int
    mounted: int
    sent: int
    bytes_sent: int


@dataclass(frozen=True)
class Mirrored:
    """An image that every registry holds, and the tags that now point at it in each, if any."""

    digest: str
    tags: tuple[str, ...]
    arrived: tuple[Arrived, ...]


@guard.pushes
def mirror(session: Session, digest: str = "", tag: str = "") -> Mirrored:
    """Copy an image and what is attached to it to every further registry.

    The image is the digest, else what the tag names in the first registry, else what `built`
    names. A tag then moves in every registry. Raises RegistryError for an image that lacks a
    platform of the project; then nothing was copied.
    """
    wanted = whole_digest(digest) if digest else whole_tag(tag or DEFAULT)
    name = whole_tag(tag) if tag else ("" if digest else DEFAULT)
    chosen = clients(session)[0].manifest(wanted)
    _complete(chosen, session.config.platforms)
    named = (name,) if name else ()
    return Mirrored(chosen.digest, named, publish(session, (chosen.digest, named)))


def publish(session: Session, *images: tuple[str, Sequence[str]]) -> tuple[Arrived, ...]:
    """Bring images to every further registry, and then move their tags in all of them.

    Each of `images` is a digest with its tags. Raises RegistryError, and then no tag has moved,
    unless every registry holds every part of every image.
    """
    first, others = clients(session)
    places = Places(session.config.state / "uploads")
    held = {digest: transfer.read(first, digest) for digest, _ in images} if others else {}
    for content in held.values():
        transfer.check(first, content)
    arrived = []
    for other in others:
        with session.terminal.step(f"Bring it to {other.repository.registry}"):
            arrived += [spread(first, other, content, places) for content in held.values()]
    for digest, tags in images:
        for tag in tags:
            with session.terminal.step(f"Name it {tag}"):
                move((*others, first), tag, first.manifest(digest))
                read_back((*others, first), tag, digest)
    return tuple(arrived)


def copy(source: RegistryClient, target: RegistryClient, reference: str, tag: str) -> Manifest:
    """Bring an image with what is attached to it to another repository, under a tag there."""
    content = transfer.read(source, reference)
    spread(source, target, content, Places())
    move((target,), tag, content.top)
    return content.top


def clients(session: Session) -> tuple[RegistryClient, tuple[RegistryClient, ...]]:
    """Return the doors to the first registry and to each further one."""
    config = session.config
    first, *others = (
        RegistryClient(place, env=config.env) for place in (config.images, *config.mirrors)
    )
    return first, tuple(others)


def spread(
    source: RegistryClient, target: RegistryClient, content: transfer.Content, places: Places
) -> Arrived:
    """Bring content and what is attached to it to another registry, and see that it is there."""
    moved = transfer.copy(source, target, content, places)
    for subject, artifact in transfer.attached(source, content):
        below = transfer.Content((), transfer.blobs_of([artifact]))
        more = transfer.copy(source, target, below, places)
        moved.count(more.present, more.mounted, more.sent, more.bytes_sent)
        if artifact.digest not in (row.digest for row in target.referrers(subject)):
            target.attach(subject, artifact)
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


def _complete(index: Manifest, platforms: Sequence[str]) -> None:
    if not index.is_index:
        return
    has = [row.platform for row in oci.children(index)]
    if missing := sorted(set(platforms) - set(has)):
        raise RegistryError(
            f"{index.digest} lacks {', '.join(missing)}.",
            why=f"It has {', '.join(has) or 'no platform'}.",
            next_step="Build it again with `invoke build`; nothing was copied, no tag was moved.",
        )
