"""The subject of evidence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """The subject of a statement: a commit (with its tree) or an image index, by digest."""

    name: str
    digest: Mapping[str, str]

    @classmethod
    def commit(cls, commit: str, tree: str) -> Subject:
        """Return the subject of a stage before the image: commit and tree, 40 hex digits each."""
        return cls("source", {"gitCommit": commit, "gitTree": tree})

    @classmethod
    def image(cls, repository: str, digest: str) -> Subject:
        """Return the subject of a stage about an image index."""
        return cls(repository, {"sha256": digest.removeprefix("sha256:")})
