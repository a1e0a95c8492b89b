"""Files as flows write and compare them: whole, and by the hash of their bytes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def file_hash(file: Path) -> str:
    """Return the sha256 of a file's bytes, as hexadecimal digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def read_bounded(file: Path, limit: int) -> bytes:
    """Return a file's bytes, and no more than one above `limit`: who reads them refuses that."""
    with file.open("rb") as stream:
        return stream.read(limit + 1)


def write_whole(file: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    with scratch.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    scratch.replace(file)
