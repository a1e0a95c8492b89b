"""List the manifests of a repository: tagged ones, their parts, and attached ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from towpath.core.errors import NothingToJudgeError, RegistryError, RegistryNotFoundError
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.oci_reader import Descriptor, Manifest
from towpath.retention.rules import ManifestNode

CREATED = "org.opencontainers.image.created"


def survey(registry: RegistryClient, more: Iterable[str] = ()) -> dict[str, ManifestNode]:
    """Return every manifest that can be found, by digest.

    `more` are digests without a tag. Raises RegistryError for an unreadable manifest, whose
    references would be unknown.
    """
    tags = _tags(registry)
    found: dict[str, ManifestNode] = {}
    todo = [*tags, *more]
    while todo:
        digest = todo.pop()
        if digest in found or (manifest := _manifest(registry, digest)) is None:
            continue
        node = _node(registry, manifest)
        found[digest] = replace(node, tags=tuple(sorted(tags.get(digest, ()))))
        todo += [*node.lists, *node.attached_to]
        todo += [row.digest for row in registry.referrers(digest)] if not node.subject else []
    return {digest: replace(row, made=_newest_part(row, found)) for digest, row in found.items()}


def _tags(registry: RegistryClient) -> dict[str, list[str]]:
    """Return the tags of each digest."""
    tags: dict[str, list[str]] = {}
    for tag in registry.tags():
        try:
            tags.setdefault(registry.resolve(tag), []).append(tag)
        except RegistryNotFoundError:
            # Deleted since the tags were listed.
            continue
    return tags


def _newest_part(node: ManifestNode, found: Mapping[str, ManifestNode]) -> str:
    """Return when an image was created; for an index, that of its newest part."""
    return max([node.made, *(found[row].made for row in node.lists if row in found)])


def _manifest(registry: RegistryClient, digest: str) -> Manifest | None:
    try:
        return registry.manifest(digest)
    except RegistryNotFoundError:
        return None


def _node(registry: RegistryClient, manifest: Manifest) -> ManifestNode:
    subject = str((manifest.document.get("subject") or {}).get("digest", ""))
    try:
        rows = _rows(manifest)
    except NothingToJudgeError as error:
        raise RegistryError(
            f"Cannot read the manifest {registry.name(manifest.digest)}.",
            why=error.what,
            next_step="Delete it manually if it is not needed. Nothing was deleted.",
        ) from error
    images = [row.digest for row in rows if row.media_type in oci.MANIFESTS]
    # The index of a cache lists blobs.
    blobs = {row.digest: row.size for row in rows if row.digest not in images}
    return ManifestNode(
        manifest.digest,
        lists=tuple(images),
        subject=subject,
        blobs=blobs | {manifest.digest: len(manifest.content)},
        made="" if subject or manifest.is_index else _made(registry, manifest),
    )


def _rows(manifest: Manifest) -> list[Descriptor]:
    if manifest.is_index:
        return oci.entries(manifest)
    return [oci.config_of(manifest), *oci.layers(manifest)]


def _made(registry: RegistryClient, manifest: Manifest) -> str:
    """Return the creation time in an image's labels; "" if it has none or is not an image."""
    try:
        config = oci.image_config(registry.content(oci.config_of(manifest)))
    except (NothingToJudgeError, RegistryNotFoundError):
        return ""
    return config.labels.get(CREATED, "")
