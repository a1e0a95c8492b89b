"""How the tag of an image moves: in every registry or in none, and read back. The only way."""

from __future__ import annotations

from collections.abc import Sequence

from towpath.core.errors import RegistryError, RegistryNotFoundError
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.oci_reader import Manifest


def move_tag(registries: Sequence[RegistryClient], tag: str, manifest: Manifest) -> None:
    """Let a tag point at a manifest in every registry; the last one moves last.

    Raises RegistryNotFoundError, and no tag has moved, where a registry lacks a platform of an
    index. Where a registry fails after that, those before it are put back to what they had, and the
    RegistryError says where that could not be done. Raises RegistryError as well where a tag points
    elsewhere in the end, because somebody else moved it.
    """
    for registry in registries:
        _require_platforms(registry, manifest)
    before: list[tuple[RegistryClient, Manifest | None]] = []
    try:
        for registry in registries:
            current = _tagged(registry, tag)
            if current is None or current.digest != manifest.digest:
                before.append((registry, current))
                registry.put_manifest(tag, manifest)
    except RegistryError as error:
        if left := _undo(before, tag):
            names = ", ".join(left)
            error.next_step = f"Run it again; {tag} may already be moved in {names}."
        raise
    # The last one was read just now.
    read_back(registries[:-1], tag, manifest.digest)


def read_back(registries: Sequence[RegistryClient], tag: str, digest: str) -> None:
    """Raise RegistryError unless a tag points at this digest in every registry."""
    for registry in registries:
        if (found := registry.resolve(tag)) != digest:
            raise RegistryError(
                f"The tag {tag} of {registry.repository} points at {found}, not at {digest}.",
                why="Another process moved it at the same time.",
                next_step="Check it with `invoke registry.inspect`, then run the command again.",
            )


def _undo(before: Sequence[tuple[RegistryClient, Manifest | None]], tag: str) -> list[str]:
    """Put back what registries had before; return the repositories where that failed."""
    return [str(row.repository) for row, old in before if not _put_back(row, tag, old)]


def _require_platforms(registry: RegistryClient, manifest: Manifest) -> None:
    for row in oci.entries(manifest) if manifest.is_index else ():
        if not registry.has_manifest(row.digest):
            name = registry.name(row.digest)
            raise RegistryNotFoundError(f"{name} does not exist; no tag was moved.")


def _tagged(registry: RegistryClient, tag: str) -> Manifest | None:
    try:
        return registry.manifest(tag)
    except RegistryNotFoundError:
        return None


def _put_back(registry: RegistryClient, tag: str, old: Manifest | None) -> bool:
    """Give a tag back what it had; return whether that worked."""
    try:
        if old is not None:
            registry.put_manifest(tag, old)
        elif _tagged(registry, tag) is not None:
            registry.delete(tag)
    except RegistryError:
        return False
    return True
