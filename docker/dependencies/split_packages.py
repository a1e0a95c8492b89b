#!/usr/bin/env python3
"""Move the packages that are the same on every platform out of a tree of installed packages.

`split_packages.py TREE COMMON DJANGO`: packages in pure Python go from TREE/srv/lib to
COMMON/srv/lib; Django, half of all bytes and seldom changed, goes to DJANGO/srv/lib.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Sequence
from pathlib import Path

LIBRARY = "srv/lib"


def is_pure(metadata: str) -> bool:
    """Tell whether a wheel is for every platform, by all tags in its file WHEEL.

    Source: Python Packaging User Guide, "Binary distribution format".
    """
    tags: list[str] = re.findall(r"^Tag: (.+)$", metadata, re.M)
    return bool(tags) and all(tag.endswith("-none-any") for tag in tags)


def is_compiled_translation(source: Path, target: Path) -> bool:
    """Tell whether a file is the source of a translation whose compiled form is there too.

    Only the compiled one, `.mo`, is read at run time; it may have been moved before its source.
    """
    compiled = (source.with_suffix(".mo"), target.with_suffix(".mo"))
    return source.suffix == ".po" and any(file.exists() for file in compiled)


def move(record: Path, library: Path, target: Path) -> None:
    """Move every file that a RECORD lists from one library to another; delete what is not read."""
    with record.open(encoding="utf-8", newline="") as stream:
        names = [row[0] for row in csv.reader(stream) if row]
    for name in names:
        file, moved = library / name, target / name
        moved.parent.mkdir(parents=True, exist_ok=True)
        if is_compiled_translation(file, moved):
            file.unlink()
        else:
            file.rename(moved)


def split(tree: Path, common: Path, django: Path) -> None:
    """Move every package in pure Python out of a tree."""
    library = tree / LIBRARY
    for record in sorted(library.glob("*.dist-info/RECORD")):
        if is_pure(record.with_name("WHEEL").read_text(encoding="utf-8")):
            is_django = record.parent.name.lower().startswith("django-")
            move(record, library, (django if is_django else common) / LIBRARY)


def main(arguments: Sequence[str]) -> int:
    """Split the tree that is named first into the other two; 2 where other than three are named."""
    if len(arguments) != 3:
        print("usage: split_packages.py TREE COMMON DJANGO", file=sys.stderr)
        return 2
    split(*map(Path, arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
