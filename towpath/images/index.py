"""One index of what several machines pushed, each its own platforms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from towpath.config.workspace import Workspace
from towpath.core.errors import RegistryError, RegistryNotFoundError
from towpath.images.builder import Builder
from towpath.registry import image as registries
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.oci_reader import Descriptor
from towpath.registry.tags import move_tag


def join(
    workspace: Workspace,
    tag: str,
    parts: Sequence[tuple[Builder, str]],
    platforms: Sequence[str],
    annotations: Mapping[str, str],
) -> str:
    """Put an index of these parts under a tag, the platforms in this order; return its digest.

    The manifests are those that were pushed, byte for byte. Raises RegistryError where a machine
    pushed elsewhere, or another platform than it was to build.
    """
    registry = registries.client(workspace)
    found: dict[str, Descriptor] = {}
    for place, digest in parts:
        rows = _pushed(registry, place, digest)
        if missing := sorted(set(place.platforms) - set(rows)):
            raise RegistryError(
                f"{place.name} built no {', '.join(missing)}.",
                why=f"What it pushed, {digest}, has {', '.join(rows) or 'no platform'}.",
                next_step="Look at reports/logs; no tag was moved.",
            )
        found |= rows
    index = oci.image_index([found[name] for name in platforms], annotations)
    move_tag((registry,), tag, index)
    return index.digest


def _pushed(registry: RegistryClient, place: Builder, digest: str) -> dict[str, Descriptor]:
    """Return what a machine pushed, by platform."""
    try:
        manifest = registry.awaiting(lambda: registry.manifest(digest))
    except RegistryNotFoundError as error:
        raise RegistryError(
            f"{place.name} built {', '.join(place.platforms)}, and {registry.repository} does not"
            f" hold it: {digest}.",
            why="The machine pushed to what it takes for this registry." + _hint(registry),
            next_step="Name a registry in tool.towpath.registry that every machine can reach.",
        ) from error
    if manifest.is_index:
        return {row.platform: row for row in oci.children(manifest)}
    config = oci.image_config(registry.content(oci.config_of(manifest)))
    row = Descriptor(manifest.media_type, digest, len(manifest.content), config.platform)
    return {config.platform: row}


def _hint(registry: RegistryClient) -> str:
    name = registry.repository.registry
    return f" {name} is another one there." if registry.repository.is_loopback else ""
