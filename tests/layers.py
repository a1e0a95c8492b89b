"""Layers made for a test: an archive of a few files, and files that look like programs."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from collections.abc import Mapping

AMD64, ARM64 = 62, 183


def program(machine: int) -> bytes:
    """Return the beginning of an ELF file for this machine, little-endian, 64 bit."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(44)


def layer(files: Mapping[str, bytes] | None = None) -> bytes:
    """Return a gzipped archive of these files; the same files give the same bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in (files or {}).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)
