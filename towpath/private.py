"""Files and directories that only their owner may open, whatever the umask: state, locks, evidence.

Who can open a lock can hold it for ever; who can write evidence can say that a check passed. What
cannot be opened, or is a link where a file should be, raises ConfigurationError.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from towpath.errors import ConfigurationError

FILE, DIRECTORY = 0o600, 0o700


def directory(path: Path) -> Path:
    """Make a directory that is its owner's alone, with every one above it that is not there.

    One of ours that others could open, as earlier versions made it, is closed.
    """
    with _named(path):
        _made(path)
        found = path.stat()
        if found.st_uid == os.geteuid() and found.st_mode & 0o777 != DIRECTORY:
            path.chmod(DIRECTORY)
    return path


def write(path: Path, content: bytes, mode: int = FILE) -> None:
    """Replace a file by a complete new one, never by a part of it, whenever the machine stops."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    with _named(path):
        _made(path.parent)
        temporary.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        number = os.open(temporary, flags, mode)
        with os.fdopen(number, "wb") as stream:
            os.fchmod(number, mode)
            stream.write(content)
            stream.flush()
            os.fsync(number)
        temporary.replace(path)
        _sync(path.parent)


def append(path: Path, content: bytes) -> None:
    """Add to the end of a file; it is on the disk when this returns."""
    with _named(path), os.fdopen(_opened(path, os.O_WRONLY | os.O_APPEND), "ab") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def lock(path: Path) -> IO[str]:
    """Open a lock file for reading and appending; the caller locks and closes it."""
    with _named(path):
        return os.fdopen(_opened(path, os.O_RDWR | os.O_APPEND), "a+", encoding="utf-8")


def _made(path: Path) -> None:
    """Make a directory that is not there, and those above it; one that is there stays as it is."""
    if path.is_dir():
        return
    _made(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=DIRECTORY)
        path.chmod(DIRECTORY)


def _opened(path: Path, flags: int) -> int:
    _made(path.parent)
    number = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, FILE)
    found = os.fstat(number)
    if found.st_uid == os.geteuid() and found.st_mode & 0o777 != FILE:
        os.fchmod(number, FILE)
    return number


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn an error of the disk into one that names the file."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be opened by user {os.geteuid()}.",
            why=f"{error.strerror}; it has to be a file of that user's own, and no link.",
            next_step="Give it to that user, take it away, or set TOWPATH_STATE to another place.",
        ) from error
