#!/usr/bin/env python3
"""Print the requirements that are not installed in any of the trees.

`remaining_requirements.py REQUIREMENTS TREE...`: each requirement with its hashes, as it is in the
file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path


def normalized(name: str) -> str:
    """Return the one spelling of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(trees: Iterable[Path]) -> set[str]:
    """Return the normalized names of the distributions in TREE/srv/lib of each tree."""
    folders = (folder for tree in trees for folder in tree.glob("srv/lib/*.dist-info"))
    return {normalized(folder.name.split("-")[0]) for folder in folders}


def remaining(text: str, present: set[str]) -> list[str]:
    """Return the requirements of a file whose names are not present, with their hashes.

    Raises ValueError for a requirement that does not begin with a name.
    """
    found: list[str] = []
    # One requirement ends with the first line that no backslash continues.
    for requirement in re.findall(r"^[^#\s].*?[^\\]$", text, re.M | re.S):
        name = re.match(r"[\w.-]+", requirement)
        if name is None:
            raise ValueError(f"This requirement does not begin with a name: {requirement[:80]!r}")
        if normalized(name[0]) not in present:
            found.append(requirement)
    return found


def main(arguments: Sequence[str]) -> int:
    """Print what the first file requires and the trees lack; 2 where no file is named."""
    if not arguments:
        print("usage: remaining_requirements.py REQUIREMENTS TREE...", file=sys.stderr)
        return 2
    file, *trees = map(Path, arguments)
    for requirement in remaining(file.read_text(encoding="utf-8"), installed(trees)):
        print(requirement)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
