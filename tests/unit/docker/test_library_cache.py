"""The linker's list of libraries that the image gets, read as glibc documents it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.docker.scripts import module

script = module("system/library_cache.py")


def entries(data: bytes) -> list[tuple[str, str, int]]:
    """Return what a cache has: name, path and flags of each library."""
    magic, count, length, endian, extension = script.HEADER.unpack_from(data)
    assert (magic, endian, extension) == (b"glibc-ld.so.cache1.1", 2, 0)
    assert len(data) == script.HEADER.size + count * script.ENTRY.size + length

    def text(offset: int) -> str:
        return data[offset : data.index(b"\0", offset)].decode()

    rows = [
        script.ENTRY.unpack_from(data, script.HEADER.size + number * script.ENTRY.size)
        for number in range(count)
    ]
    return [(text(key), text(value), flags) for flags, key, value, _, _ in rows]


@pytest.mark.parametrize(
    ("architecture", "triplet", "flags"),
    [("amd64", "x86_64-linux-gnu", 0x0303), ("arm64", "aarch64-linux-gnu", 0x0A03)],
)
def test_libraries_of_the_image_and_of_unpacked_packages_are_found(
    tmp_path: Path, architecture: str, triplet: str, flags: int
) -> None:
    """By their short names, sorted as the linker searches: downwards, numbers as numbers."""
    image, tree = tmp_path / "image", tmp_path / "tree"
    for root, name in ((image, "libc.so.6"), (tree, "libpq.so.5.17"), (tree, "libz.so.10")):
        folder = root / "usr/lib" / triplet
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (tree / "usr/lib" / triplet / "libpq.so.5").symlink_to("libpq.so.5.17")
    (tree / "usr/lib" / triplet / "libz.so").symlink_to("libz.so.10")
    (tree / "usr/lib" / triplet / "libz.so.9").touch()
    (tree / "usr/lib" / triplet / "words.txt").touch()
    (image / "etc/ld.so.conf.d").mkdir(parents=True)
    (image / "etc/ld.so.conf.d/own.conf").write_text("# ours\n/opt/own\n")
    (image / "opt/own").mkdir(parents=True)
    (image / "opt/own/libown.so.1").touch()

    script.main(str(image), str(tree), architecture)

    here = f"/usr/lib/{triplet}"
    assert entries((tree / "etc/ld.so.cache").read_bytes()) == [
        ("libz.so.10", f"{here}/libz.so.10", flags),
        ("libz.so.9", f"{here}/libz.so.9", flags),
        ("libz.so", f"{here}/libz.so", flags),
        ("libpq.so.5", f"{here}/libpq.so.5", flags),
        ("libown.so.1", "/opt/own/libown.so.1", flags),
        ("libc.so.6", f"{here}/libc.so.6", flags),
    ]
