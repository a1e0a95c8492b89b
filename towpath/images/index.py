"""Join the images of several builders, each for its own platforms, into one index."""

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
    """Push an index of these parts under a tag, the platforms in this order; return its digest.

    `parts` are each builder and the digest that it pushed; the manifests stay as they are, byte for
    byte. Raises RegistryError if a builder pushed to another registry, or other platforms.
    """
    registry = registries.client(workspace)
    manifests: dict[str, Descriptor] = {}
    for builder, digest in parts:
        rows = _pushed(registry, builder, digest)
        if missing := sorted(set(builder.platforms) - set(rows)):
            raise RegistryError(
                f"{builder.name} did not build {', '.join(missing)}.",
                why=f"The pushed image {digest} has {', '.join(rows) or 'no platform'}.",
                next_step="See the logs in reports/logs. No tag was moved.",
            )
        manifests |= rows
    index = oci.image_index([manifests[name] for name in platforms], annotations)
    move_tag((registry,), tag, index)
    return index.digest


def _pushed(registry: RegistryClient, builder: Builder, digest: str) -> dict[str, Descriptor]:
    """Return the manifests that a builder pushed, by platform."""
    try:
        manifest = registry.awaiting(lambda: registry.manifest(digest))
    except RegistryNotFoundError as error:
        raise RegistryError(
            f"The image for {', '.join(builder.platforms)} that {builder.name} built is not in"
            f" {registry.repository}: {digest}.",
            why="The builder pushed to a different registry." + _hint(registry),
            next_step="Set tool.towpath.registry to a registry that every builder can reach.",
        ) from error
    if manifest.is_index:
        return {row.platform: row for row in oci.children(manifest)}
    config = oci.image_config(registry.content(oci.config_of(manifest)))
    row = Descriptor(manifest.media_type, digest, len(manifest.content), config.platform)
    return {config.platform: row}


def _hint(registry: RegistryClient) -> str:
    name = registry.repository.registry
    return f" There, {name} is another machine." if registry.repository.is_loopback else ""
