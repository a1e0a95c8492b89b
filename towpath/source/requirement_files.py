"""The requirements files of a project with those that they include or obey."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import Path

from towpath.source.requirements_reader import included


def with_included(root: Path, files: Iterable[str]) -> list[str]:
    """Return files, and every file that they include or are constrained by, each once.

    Paths are those in the project. A file that is missing is named, and includes nothing.
    """
    found = list(dict.fromkeys(map(posixpath.normpath, files)))
    for file in found:
        # One that includes itself, straight or by others, is in the list already.
        found += [name for name in _named(root, file) if name not in found]
    return found


def _named(root: Path, file: str) -> Iterable[str]:
    if not file.endswith((".txt", ".in")) or not (root / file).is_file():
        return []
    text = (root / file).read_text(encoding="utf-8", errors="replace")
    return dict.fromkeys(map(posixpath.normpath, included(file, text)))
