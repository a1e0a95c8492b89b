"""Decide which images of a repository are kept, and why. Pure.

An image is kept for a reason, together with its parts and everything attached to them. An unknown
tag is a reason too, since somebody set it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

# The tag of attached artifacts in a registry without a referrers API, and that of cosign.
FALLBACK = re.compile(r"sha256-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?")
# Every build has a version, which is no reason to keep it.
VERSION = re.compile(r"\d+\.\d+\.\d+([.-].*)?")


@dataclass(frozen=True)
class ManifestNode:
    """A manifest of the repository, its tags, its parts (`lists`), and its subject.

    `blobs` are bytes by digest, including the manifest; `made` is an ISO 8601 time, "" if unknown.
    """

    digest: str
    tags: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    subject: str = ""
    blobs: Mapping[str, int] = field(default_factory=dict)
    made: str = ""

    @property
    def attached_to(self) -> tuple[str, ...]:
        """The digests that this manifest is attached to."""
        named = (FALLBACK.fullmatch(tag) for tag in self.tags)
        found = tuple(f"sha256:{match[1]}" for match in named if match)
        return (*found, self.subject) if self.subject else found


@dataclass(frozen=True)
class RetentionRules:
    """The meaning of tags: `stages` are tags of promotion, the others are prefixes of tags.

    `temporary` marks the last push, `cache` a build cache. The newest `last` images with a version
    are kept anyway.
    """

    last: int
    stages: tuple[str, ...]
    temporary: str
    cache: str


@dataclass(frozen=True)
class Decision:
    """The images to keep with their reasons, and what to delete: images, then their parts.

    `freed` is the number of bytes that nothing else in the repository needs.
    """

    kept: Mapping[str, tuple[str, ...]]
    images: tuple[str, ...]
    parts: tuple[str, ...]
    freed: int

    @property
    def to_delete(self) -> tuple[str, ...]:
        """Everything to delete, in the order of deletion."""
        return (*self.images, *self.parts)


def decide(
    nodes: Mapping[str, ManifestNode], reasons: Mapping[str, Sequence[str]], rules: RetentionRules
) -> Decision:
    """Decide what to keep and to delete; `reasons` are those besides tags, by digest."""
    tops = _tops(nodes)
    kept = _kept(nodes, tops, reasons, rules)
    staying = _closure(nodes, kept)
    leaving = tuple(node.digest for node in tops if node.digest not in staying)
    parts = tuple(sorted(set(nodes) - staying - set(leaving)))
    return Decision(kept, leaving, parts, _freed(nodes, staying))


def _tops(nodes: Mapping[str, ManifestNode]) -> list[ManifestNode]:
    """Return the manifests that are neither a part of an image nor attached to one."""
    listed = {digest for node in nodes.values() if not node.attached_to for digest in node.lists}
    return [
        node
        for node in nodes.values()
        if not node.attached_to and node.digest not in listed and not _is_old_list(node, nodes)
    ]


def _is_old_list(node: ManifestNode, nodes: Mapping[str, ManifestNode]) -> bool:
    """Tell whether this is an outdated list of attached artifacts, which lost its tag."""
    listed = [nodes[digest] for digest in node.lists if digest in nodes]
    return not node.tags and bool(listed) and all(row.subject for row in listed)


def _kept(
    nodes: Mapping[str, ManifestNode],
    tops: Sequence[ManifestNode],
    reasons: Mapping[str, Sequence[str]],
    rules: RetentionRules,
) -> dict[str, tuple[str, ...]]:
    """Return the reasons of each image, and of each part that is needed by itself."""
    newest = {node.digest for node in _newest(tops)[: rules.last]}
    why = {
        node.digest: (
            *_of_tags(node.tags, rules),
            *reasons.get(node.digest, ()),
            *([f"one of the last {rules.last}"] if node.digest in newest else []),
        )
        for node in nodes.values()
    }
    return {digest: tuple(dict.fromkeys(found)) for digest, found in why.items() if found}


def _of_tags(tags: Iterable[str], rules: RetentionRules) -> Iterator[str]:
    for tag in tags:
        if tag in rules.stages:
            yield f"promoted: {tag}"
        elif tag.startswith(rules.temporary):
            yield "last push"
        elif tag.startswith(rules.cache):
            yield "build cache"
        elif not VERSION.fullmatch(tag) and not FALLBACK.fullmatch(tag):
            yield f"tagged {tag}"


def _newest(tops: Iterable[ManifestNode]) -> list[ManifestNode]:
    """Return the images that have a version, newest first."""
    found = [row for row in tops if any(VERSION.fullmatch(tag) for tag in row.tags)]
    return sorted(found, key=lambda row: (row.made, row.digest), reverse=True)


def _closure(nodes: Mapping[str, ManifestNode], roots: Iterable[str]) -> set[str]:
    """Return everything that the roots need, and everything attached to that."""
    attached: dict[str, list[str]] = {}
    for node in nodes.values():
        for subject in node.attached_to:
            attached.setdefault(subject, []).append(node.digest)
    staying: set[str] = set()
    todo = [digest for digest in roots if digest in nodes]
    while todo:
        digest = todo.pop()
        if digest not in staying:
            staying.add(digest)
            todo += [row for row in nodes[digest].lists if row in nodes]
            todo += attached.get(digest, [])
    return staying


def _freed(nodes: Mapping[str, ManifestNode], staying: set[str]) -> int:
    needed = {blob for digest in staying for blob in nodes[digest].blobs}
    freed = {
        blob: size
        for node in nodes.values()
        if node.digest not in staying
        for blob, size in node.blobs.items()
        if blob not in needed
    }
    return sum(freed.values())
