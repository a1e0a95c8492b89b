"""Files: the one atomic write, bounded reads, the hash of bytes, and copies of plain files only.

All raise OSError if the operating system refuses. For private files use towpath.core.private.
"""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # A copy of an image needs this module, and not the time that it takes to import the other.
    from pathlib import Path

# Never through a symbolic link, and never into a file that already exists.
WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def file_hash(file: Path) -> str:
    """Return the sha256 of a file's bytes, as hexadecimal digits."""
    import hashlib

    return hashlib.sha256(file.read_bytes()).hexdigest()


def read_bounded(file: Path, limit: int) -> bytes:
    """Return a file's bytes, at most one more than `limit`, by which the caller notices it."""
    with file.open("rb") as stream:
        return stream.read(limit + 1)


def write_atomically(file: Path, content: bytes, mode: int | None = None) -> None:
    """Replace a file atomically: after a crash it is either the old or the complete new one.

    A symbolic link of that name is replaced, never followed. The file has exactly this mode from
    its first byte on, or without one the mode that the umask allows. Missing directories are made.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        write_in(folder, file.name, content, mode)
    finally:
        os.close(folder)


def write_in(folder: int, name: str, content: bytes, mode: int | None = None) -> None:
    """Write a file like `write_atomically`, in the directory of an open file descriptor."""
    scratch = f".{name[:100]}.{os.getpid()}.{threading.get_ident()}"
    with suppress(FileNotFoundError):
        os.unlink(scratch, dir_fd=folder)
    number = os.open(scratch, WRITE, 0o666 if mode is None else mode, dir_fd=folder)
    with open(number, "wb") as stream:
        if mode is not None:
            os.fchmod(number, mode)
        stream.write(content)
        stream.flush()
        os.fsync(number)
    os.replace(scratch, name, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def redact(file: Path) -> None:
    """Remove the secrets that the process knows from a file that a tool wrote."""
    from towpath.core.redaction import SECRETS

    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return
    if (without := SECRETS.content(content)) != content:
        write_atomically(file, without)


def copy_plain(source: Path, target: Path, limit: int) -> list[str]:
    """Copy a directory's regular files without following links; return what was skipped, and why.

    `limit` is the total number of bytes.
    """
    import shutil
    from pathlib import Path

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
                left.append(f"{below} (has more than one hard link)")
            elif status.st_size > room:
                left.append(f"{below} (too large)")
            else:
                room -= status.st_size
                (target / below).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target / below, follow_symlinks=False)
    return sorted(left)
