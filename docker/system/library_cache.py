"""library_cache.py IMAGE TREE: write TREE/etc/ld.so.cache for IMAGE with TREE laid over it.

By this file `ctypes.util.find_library` and the linker find libraries. ldconfig writes it only for
programs of its own machine, and packages that were only unpacked have not run it. The format is
glibc's, "glibc-ld.so.cache1.1". TARGETARCH is the architecture, as Debian calls it.
"""

from __future__ import annotations

import os
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

MAGIC = b"glibc-ld.so.cache1.1"
LITTLE_ENDIAN = 2
# Of each architecture: the directories' name, and glibc's flags of its libraries (elf/cache.c).
MACHINES = {"amd64": ("x86_64-linux-gnu", 0x0303), "arm64": ("aarch64-linux-gnu", 0x0A03)}
ENTRY = struct.Struct("<iIIIQ")
HEADER = struct.Struct("<20sIIB3xI12x")


def order(name: str) -> tuple[tuple[int, int], ...]:
    """Return what glibc sorts names by (_dl_cache_libcmp): numbers as numbers, after letters."""
    parts = re.findall(r"\d+|\D", name)
    return (*((2, int(row)) if row.isdigit() else (1, ord(row)) for row in parts), (0, 0))


def directories(roots: list[Path], triplet: str) -> list[str]:
    """Return the directories of libraries, those that files of /etc/ld.so.conf.d name first."""
    named = [
        line.strip()
        for root in roots
        for file in sorted((root / "etc/ld.so.conf.d").glob("*.conf"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("/")
    ]
    usual = [f"/usr/lib/{triplet}", "/usr/lib"]
    # /lib is a link to /usr/lib: one library would be listed twice.
    merged = [re.sub(r"^/lib(?=/|$)", "/usr/lib", row) for row in (*named, *usual)]
    return list(dict.fromkeys(merged))


def libraries(roots: list[Path], folder: str) -> Iterator[str]:
    """Yield the names of libraries in a directory: the short one where a link has it."""
    links: dict[str, str] = {}
    files: set[str] = set()
    for root in roots:
        place = root / folder.lstrip("/")
        for entry in os.scandir(place) if place.is_dir() else ():
            if re.fullmatch(r"(?:lib|ld-).*\.so(?:\..+)?", entry.name):
                if entry.is_symlink():
                    links[entry.name] = os.readlink(entry.path)
                else:
                    files.add(entry.name)
    yield from links
    # A link without a number, as packages for development have, is no library's short name.
    yield from files - {Path(to).name for name, to in links.items() if not name.endswith(".so")}


def cache(entries: list[tuple[str, str]], flags: int) -> bytes:
    """Return the file for pairs of a library's name and path."""
    rows = sorted(dict.fromkeys(entries), key=lambda row: order(row[0]), reverse=True)
    text = b""
    start = HEADER.size + ENTRY.size * len(rows)
    packed = []
    for name, path in rows:
        # The name is the end of the path: one text serves for both.
        value = start + len(text)
        key = value + len(path.encode()) - len(name.encode())
        text += path.encode() + b"\0"
        packed.append(ENTRY.pack(flags, key, value, 0, 0))
    return HEADER.pack(MAGIC, len(rows), len(text), LITTLE_ENDIAN, 0) + b"".join(packed) + text


def main(image: str, tree: str, architecture: str) -> None:
    """Write the file."""
    triplet, flags = MACHINES[architecture]
    roots = [Path(tree), Path(image)]
    found = [
        (name, f"{folder}/{name}")
        for folder in directories(roots, triplet)
        for name in libraries(roots, folder)
    ]
    target = Path(tree) / "etc/ld.so.cache"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(cache(found, flags))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], os.environ["TARGETARCH"])
