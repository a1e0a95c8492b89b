"""Files as flows write and compare them: whole, and by the hash of their bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path

from towpath.redaction import SECRETS


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


def redact(file: Path) -> None:
    """Take the secrets that the process knows out of a file that a tool wrote, if it has any."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return
    if (without := SECRETS.content(content)) != content:
        write_whole(file, without)


def copy_plain(source: Path, target: Path, limit: int) -> list[str]:
    """Copy a directory's plain files without following a link; return what was left out, and why.

    `limit` is the bytes that all of them together may have.
    """
    left, room = [], limit
    for folder, names, files in os.walk(source):
        here = Path(folder)
        left += [f"{name} (a link)" for name in names if (here / name).is_symlink()]
        for name in sorted(files):
            file, below = here / name, (here / name).relative_to(source)
            status = file.lstat()
            if not stat.S_ISREG(status.st_mode):
                left.append(f"{below} ({'a link' if file.is_symlink() else 'not a file'})")
            elif status.st_nlink > 1:
                left.append(f"{below} (it has another name too)")
            elif status.st_size > room:
                left.append(f"{below} (too large)")
            else:
                room -= status.st_size
                (target / below).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target / below, follow_symlinks=False)
    return sorted(left)
