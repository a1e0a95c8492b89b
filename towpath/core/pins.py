"""The pins of the tools that come with the package: `python -m towpath.core.pins NAME`."""

from __future__ import annotations

import sys
from pathlib import Path

import towpath

PACKAGE = Path(towpath.__file__).parent


def packaged(name: str) -> Path:
    """Return the file of pins that belongs to this version; in a checkout it is below the root."""
    file = PACKAGE / "pins" / f"{name}.txt"
    return file if file.is_file() else PACKAGE.parent / "requirements" / f"{name}.txt"


def find(root: Path, name: str) -> Path:
    """Return a project's own pins of a tool, else those of the package; it may not exist."""
    own = root / "requirements" / f"{name}.txt"
    return own if own.is_file() else packaged(name)


if __name__ == "__main__":
    sys.stdout.write(f"{packaged(sys.argv[1])}\n")
