"""Everything that a repository holds: what has a tag, what that lists, and what hangs on it."""

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

    `more` are digests that no tag leads to. Raises RegistryError for a manifest that cannot be
    read: what it needs is not known then.
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
        todo += [*node.lists, *node.hangs_on]
        todo += [row.digest for row in registry.referrers(digest)] if not node.subject else []
    return {digest: replace(row, made=_newest_part(row, found)) for digest, row in found.items()}


def _tags(registry: RegistryClient) -> dict[str, list[str]]:
    """Return the tags of each digest."""
    tags: dict[str, list[str]] = {}
    for tag in registry.tags():
        try:
            tags.setdefault(registry.resolve(tag), []).append(tag)
        except RegistryNotFoundError:
            # Taken away since the tags were listed.
            continue
    return tags


def _newest_part(node: ManifestNode, found: Mapping[str, ManifestNode]) -> str:
    """Return when an image was made; an index is as old as the newest of its parts."""
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
            f"{registry.name(manifest.digest)} cannot be read.",
            why=error.what,
            next_step="Take it away by hand if nothing needs it; nothing was deleted.",
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
    """Return when an image says that it was made; "" for what is no image, or does not say."""
    try:
        config = oci.image_config(registry.content(oci.config_of(manifest)))
    except (NothingToJudgeError, RegistryNotFoundError):
        return ""
    return config.labels.get(CREATED, "")
