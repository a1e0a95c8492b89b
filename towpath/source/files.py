"""The files of the project as a check sees them: what git knows or could add, and is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core.files import file_hash
from towpath.source import snapshot as source
from towpath.source.snapshot import SourceFiles

# Bytes: more than any first line that names an interpreter.
FIRST_LINE = 200
# How git writes the mode of a symbolic link.
LINK = "120000 "
# Replaces what is no UTF-8 text in the output of git.
REPLACED = "\ufffd"


@dataclass(frozen=True)
class FileList:
    """Paths below the project's root; `about` has the mode and the hash of each.

    `outside` are links that lead out of the project: what they lead to is no part of it.
    `unnamed` are files whose name is no UTF-8 text, as far as it can be read.
    """

    root: Path
    about: Mapping[str, str]
    outside: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The paths, sorted."""
        return tuple(sorted(self.about))

    def entries(self, files: Iterable[str]) -> list[tuple[str, str]]:
        """Return the files with what is known of each, sorted."""
        return sorted((file, self.about[file]) for file in set(files))

    def first_line(self, file: str) -> str:
        """Return the first line of a file."""
        with (self.root / file).open("rb") as stream:
            return stream.readline(FIRST_LINE).decode(errors="replace")


def listed(workspace: Workspace, seen: SourceFiles | None = None) -> FileList:
    """Return the project's files, but none that git ignores; `seen` saves asking git again.

    Raises ConfigurationError for a project that is not in a git repository.
    """
    root = workspace.config.root
    entries = (seen or source.read_files(workspace)).files
    outside = sorted(path for path, entry in entries if _leads_out(root, path, entry))
    there = _there(root, {path: entry for path, entry in entries if path not in outside})
    unnamed = sorted(path for path, _ in entries if REPLACED in path and path not in there)
    return FileList(root, there, tuple(outside), tuple(unnamed))


def _there(root: Path, entries: Mapping[str, str]) -> dict[str, str]:
    """Return the entries of the files that exist."""
    return {
        path: _about(root / path, entry)
        for path, entry in entries.items()
        if (root / path).is_file()
    }


def _leads_out(root: Path, path: str, entry: str) -> bool:
    """Tell whether a file is a link to somewhere outside the project."""
    if not entry.startswith(LINK):
        return False
    try:
        return not (root / path).resolve(strict=True).is_relative_to(root.resolve())
    except FileNotFoundError:
        return not (root / path).resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # A link to itself: which error it is depends on the Python.
        return True


def _about(file: Path, entry: str) -> str:
    """Return what is known of a file; of a link git knows where it leads, and not what is there."""
    return f"{entry} {file_hash(file)}" if entry.startswith(LINK) else entry
