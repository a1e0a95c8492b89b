"""Layers and wheels made for a test: archives of a few files, some of which look like programs."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping

AMD64, ARM64 = 62, 183


def program(machine: int) -> bytes:
    """Return the beginning of an ELF file for this machine, little-endian, 64 bit."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(44)


def wheel(files: Mapping[str, bytes]) -> bytes:
    """Return a wheel, which is a zip archive, of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def layer(files: Mapping[str, bytes] | None = None) -> bytes:
    """Return a gzipped archive of these files; the same files give the same bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in (files or {}).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)
