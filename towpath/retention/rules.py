"""What a repository keeps, why, and what may go. Pure.

An image stays for a reason. Whatever it lists, and whatever hangs on it or on its parts, stays with
it. A tag that no rule knows is a reason too: somebody named that image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

# A registry without a referrers API keeps what hangs on a digest under such a tag.
# So does cosign with what it makes.
FALLBACK = re.compile(r"sha256-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?")
# Every build has a version; to have one is no reason to stay.
VERSION = re.compile(r"\d+\.\d+\.\d+([.-].*)?")


@dataclass(frozen=True)
class ManifestNode:
    """A manifest of the repository, its tags, what it lists and on what it hangs.

    `blobs` are bytes by digest, the manifest's own among them; `made` is a time in ISO 8601, "" for
    one that is not known.
    """

    digest: str
    tags: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    subject: str = ""
    blobs: Mapping[str, int] = field(default_factory=dict)
    made: str = ""

    @property
    def hangs_on(self) -> tuple[str, ...]:
        """The digests that this one only speaks of."""
        named = (FALLBACK.fullmatch(tag) for tag in self.tags)
        found = tuple(f"sha256:{match[1]}" for match in named if match)
        return (*found, self.subject) if self.subject else found


@dataclass(frozen=True)
class RetentionRules:
    """Which tags mean what: `stages` are those of promotion, the others are beginnings of tags.

    `temporary` names what was pushed last, `cache` a build's cache. Of the images that have a
    version the newest `last` stay anyhow.
    """

    last: int
    stages: tuple[str, ...]
    temporary: str
    cache: str


@dataclass(frozen=True)
class Decision:
    """What stays, each image with its reasons, and what goes: images first, then their parts.

    `freed` are bytes that nothing else in the repository needs.
    """

    kept: Mapping[str, tuple[str, ...]]
    images: tuple[str, ...]
    parts: tuple[str, ...]
    freed: int

    @property
    def gone(self) -> tuple[str, ...]:
        """Everything that goes, in the order in which it may go."""
        return (*self.images, *self.parts)


def decide(
    nodes: Mapping[str, ManifestNode], reasons: Mapping[str, Sequence[str]], rules: RetentionRules
) -> Decision:
    """Tell what stays and what goes; `reasons` are those that the tags do not tell, by digest."""
    tops = _tops(nodes)
    kept = _kept(nodes, tops, reasons, rules)
    staying = _closure(nodes, kept)
    leaving = tuple(node.digest for node in tops if node.digest not in staying)
    parts = tuple(sorted(set(nodes) - staying - set(leaving)))
    return Decision(kept, leaving, parts, _freed(nodes, staying))


def _tops(nodes: Mapping[str, ManifestNode]) -> list[ManifestNode]:
    """Return what is no part of another image and hangs on none."""
    listed = {digest for node in nodes.values() if not node.hangs_on for digest in node.lists}
    return [
        node
        for node in nodes.values()
        if not node.hangs_on and node.digest not in listed and not _is_old_list(node, nodes)
    ]


def _is_old_list(node: ManifestNode, nodes: Mapping[str, ManifestNode]) -> bool:
    """Tell whether this once said what hangs on an image, and has lost its tag to a newer list."""
    held = [nodes[digest] for digest in node.lists if digest in nodes]
    return not node.tags and bool(held) and all(row.subject for row in held)


def _kept(
    nodes: Mapping[str, ManifestNode],
    tops: Sequence[ManifestNode],
    reasons: Mapping[str, Sequence[str]],
    rules: RetentionRules,
) -> dict[str, tuple[str, ...]]:
    """Return the reasons of each image, and of each part that something asks for by itself."""
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
            yield "pushed last"
        elif tag.startswith(rules.cache):
            yield "cache of builds"
        elif not VERSION.fullmatch(tag) and not FALLBACK.fullmatch(tag):
            yield f"named {tag}"


def _newest(tops: Iterable[ManifestNode]) -> list[ManifestNode]:
    """Return the images that have a version, newest first."""
    found = [row for row in tops if any(VERSION.fullmatch(tag) for tag in row.tags)]
    return sorted(found, key=lambda row: (row.made, row.digest), reverse=True)


def _closure(nodes: Mapping[str, ManifestNode], roots: Iterable[str]) -> set[str]:
    """Return everything that the roots need, and that hangs on any of it."""
    hanging: dict[str, list[str]] = {}
    for node in nodes.values():
        for subject in node.hangs_on:
            hanging.setdefault(subject, []).append(node.digest)
    staying: set[str] = set()
    todo = [digest for digest in roots if digest in nodes]
    while todo:
        digest = todo.pop()
        if digest not in staying:
            staying.add(digest)
            todo += [row for row in nodes[digest].lists if row in nodes]
            todo += hanging.get(digest, [])
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
