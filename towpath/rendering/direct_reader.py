"""Dependencies without a version in an index: a commit of a repository, or a directory. Pure.

Source: PEP 508 (direct references) and the formats that uv, Poetry and PDM export.
"""

from __future__ import annotations

import posixpath
import re
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
    others = [row.words for row in rows if row not in found]
    direct = [_read(row, source, root, folder) for row in found]
    folders = [row for row in direct if not row.startswith(_SCHEMES) and " @ git+" not in row]
    has_git = len(folders) < len(direct)
    # The project's own code is in the image already.
    folders = [row for row in folders if row != "."]
    kept = [row for row in direct if row != "."]
    return DirectPins(
        "".join(f"{row}\n" for row in others),
        tuple(f"./{row}" if row in folders else row for row in kept),
        tuple(folders),
        has_git,
    )


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
    if "://" in url and not url.startswith("file:"):
        raise _refused(source, words, "It is neither a commit of a repository nor a directory.")
    path = unquote(re.sub(r"^file:(//)?", "", url))
    inside = posixpath.relpath(posixpath.join(root, folder, path), root)
    if inside == ".." or inside.startswith("../"):
        raise _refused(source, words, "It is outside the directory that the image is built from.")
    return inside


def _refused(source: str, words: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{source} has a dependency that cannot be built: {words[:120]!r}.",
        why=why,
        next_step="Name a commit, or a directory of the project, and lock again.",
    )
