"""The inputs of a check: the files that it reads, and all else that can change its result. Pure.

A check depends on every file of the project except those that it is known to ignore: a forgotten
file makes it run once too often, never once too seldom.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Iterable

# A path below the project's root, and its entry in git: mode, kind and hash.
Entry = tuple[str, str]


def entries(listing: str) -> tuple[Entry, ...]:
    """Parse the output of `git ls-tree -r -z`."""
    rows = (row.partition("\t") for row in listing.split("\0") if row)
    return tuple((path, about) for about, _, path in rows)


def submodules(files: Iterable[Entry]) -> dict[str, str]:
    """Return the directories that are repositories of their own, each with its commit."""
    mark = "160000 commit "
    return {path: about.removeprefix(mark) for path, about in files if about.startswith(mark)}


def flagged(listing: str) -> tuple[str, ...]:
    """Return the files that git is configured to skip, from the output of `git ls-files -v -z`.

    Source: git-ls-files(1): a small letter is assume-unchanged, an S is skip-worktree.
    """
    rows = (row.partition(" ") for row in listing.split("\0") if row)
    return tuple(path for tag, _, path in rows if tag.islower() or tag == "S")


def ignored(paths: Iterable[str], patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the paths that match a pattern.

    A pattern that ends with a slash names a directory; in the others a star also matches
    slashes, so that `*.md` is every such file, wherever it is.
    """
    globs = tuple(f"{row}*" if row.endswith("/") else row for row in patterns)
    return tuple(
        path for path in paths if any(fnmatch.fnmatchcase(path, pattern) for pattern in globs)
    )


def digest(files: Iterable[Entry], patterns: Iterable[str], *more: str) -> str:
    """Return the sha256 of the files that match no pattern, and of the inputs `more`."""
    known = dict(files)
    for path in ignored(tuple(known), patterns):
        del known[path]
    return hashlib.sha256(json.dumps([sorted(known.items()), more]).encode()).hexdigest()
