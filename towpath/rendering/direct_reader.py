"""Dependencies without a version in an index: a commit of a repository, or a directory. Pure.

Source: PEP 508 (direct references) and the formats that uv, Poetry and PDM export.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from towpath.core.errors import ConfigurationError
from towpath.source.requirements_reader import Line, lines

_COMMIT = re.compile(r"@[0-9a-f]{40}(?:#.*)?$")
_NAMED = re.compile(r"^(?P<name>[\w.-]+(?:\s*\[[^\]]*\])?)\s*@\s*(?P<url>\S+)(?:\s*;.*)?$")
_EDITABLE = re.compile(r"^(?:-e|--editable)[\s=]+")
_SCHEMES = ("git+https://", "git+http://", "git+ssh://")


@dataclass(frozen=True)
class DirectPins:
    """The lines of a requirements file: those with a hash or a version, and direct references.

    `direct` are requirements as pip reads them in the root of the project; `folders` are the
    directories among them, as paths in the project; with `has_git` one is a commit.
    """

    hashed: str
    direct: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    has_git: bool = False


def split(text: str, source: str, root: str, folder: str = ".") -> DirectPins:
    """Return the text without its direct references, and those.

    `root` is the project's absolute path, `folder` where in it the relative paths begin. Raises
    ConfigurationError for a reference that names no commit, or a directory outside the project.
    """
    rows = lines(text)
    found = [row for row in rows if _is_direct(row)]
    if not found:
        return DirectPins(text)
    others = "".join(f"{row.words}\n" for row in rows if row not in found)
    return _sorted(others, [_read(row, source, root, folder) for row in found])


def _sorted(hashed: str, references: Sequence[str]) -> DirectPins:
    """Return references as commits and directories."""
    commits = tuple(filter(_is_commit, references))
    # The project's own code is in the image already.
    folders = tuple(row for row in references if row not in (*commits, "."))
    return DirectPins(hashed, (*commits, *(f"./{row}" for row in folders)), folders, bool(commits))


def _is_commit(reference: str) -> bool:
    return reference.startswith(_SCHEMES) or " @ git+" in reference


def _is_direct(row: Line) -> bool:
    if row.is_option or row.included:
        return False
    words = row.words
    return bool(
        _EDITABLE.match(words)
        or _NAMED.match(row.requirement)
        or words.startswith(("./", "../", "/", "file:", "git+"))
        or words == "."
    )


def _read(row: Line, source: str, root: str, folder: str) -> str:
    """Return a direct reference: a requirement with a commit, or a directory of the project."""
    words = _EDITABLE.sub("", row.requirement if row.hashes else row.words).strip()
    match = _NAMED.match(words)
    url = match["url"] if match else words.partition(";")[0].strip()
    if url.startswith(_SCHEMES):
        if not _COMMIT.search(url):
            raise _refused(source, words, "It names a branch or a tag, which can move.")
        return f"{match['name']} @ {url}" if match else url
    if re.match(r"(?!file:).*://", url):
        raise _refused(source, words, "It is neither a commit of a repository nor a directory.")
    inside = _inside(url, root, folder)
    if inside == ".." or inside.startswith("../"):
        raise _refused(source, words, "It is outside the directory that the image is built from.")
    return inside


def _inside(url: str, root: str, folder: str) -> str:
    """Return a directory as it is seen from the root."""
    path = unquote(re.sub(r"^file:(//)?", "", url))
    return posixpath.relpath(posixpath.join(root, folder, path), root)


def _refused(source: str, words: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{source} has a dependency that cannot be built: {words[:120]!r}.",
        why=why,
        next_step="Name a commit, or a directory of the project, and lock again.",
    )
