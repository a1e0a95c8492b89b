"""The files of the project as a check sees them: what git knows or could add, and is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from towpath.flows import source
from towpath.flows.session import Session
from towpath.flows.source import Snapshot

# Bytes: more than any first line that names an interpreter.
FIRST_LINE = 200


@dataclass(frozen=True)
class Listed:
    """Paths below the project's root; `about` says of each its mode and the hash of its bytes."""

    root: Path
    about: Mapping[str, str]

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


def listed(session: Session, seen: Snapshot | None = None) -> Listed:
    """Return the project's files, but none that git ignores; `seen` saves asking git again."""
    root = session.config.root
    entries = (seen or source.snapshot(session)).files
    return Listed(root, {path: said for path, said in entries if (root / path).is_file()})
