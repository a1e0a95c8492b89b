"""Files that nobody else has written, and that are written where they are meant to be.

What another user of the machine may have written is not believed, and nothing is read or written
through a link that somebody put in the way.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from towpath.errors import ConfigurationError, NothingToJudgeError

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe in the place of a file would make us wait for ever.
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
# What another build of the same checkout is just writing.
_SCRATCH = re.compile(r"\..*\.\d+")


def read_own(file: Path, largest: int) -> bytes | None:
    """Return a file of at most `largest` bytes that only we can have written; None without one.

    Raises NothingToJudgeError for what another user may have written, a link, and a larger file.
    """
    try:
        with _directory(file.parent.parent, (file.parent.name,), make=False) as folder:
            _require_own(os.fstat(folder), file.parent)
            with open(os.open(file.name, READ, dir_fd=folder), "rb") as stream:
                _require_own(os.fstat(stream.fileno()), file)
                content = stream.read(largest + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NothingToJudgeError(f"{file} cannot be read.", why=str(error)) from error
    if len(content) > largest:
        raise NothingToJudgeError(f"{file} has more than {largest} bytes.")
    return content


def write_own(file: Path, content: bytes) -> None:
    """Write a file that only we can read and write; its directory is made so too.

    Raises ConfigurationError where a link stands in the way.
    """
    try:
        file.parent.parent.mkdir(parents=True, exist_ok=True)
        with _directory(file.parent.parent, (file.parent.name,), mode=0o700) as folder:
            with suppress(PermissionError):
                # An older pipeline made it for the group as well.
                os.fchmod(folder, 0o700)
            _write(folder, file.name, content, 0o600)
    except OSError as error:
        raise _unwritable(file, error) from error


def fill(root: Path, parts: Sequence[str], files: Mapping[str, Mapping[str, bytes]]) -> Path:
    """Write directories of files into the directory `parts` below `root`, and nothing else there.

    `files` maps directories to files. Whatever else is there is removed. Raises
    ConfigurationError where anything on the way is a link: none is followed.
    """
    place = root.joinpath(*parts)
    try:
        with _directory(root, parts) as base:
            _remove_others(base, set(files))
        for name, rows in files.items():
            with _directory(root, (*parts, name)) as folder:
                _remove_others(folder, set(rows), are_files=True)
                for file, content in rows.items():
                    _write(folder, file, content, 0o644)
    except OSError as error:
        raise _unwritable(place, error) from error
    return place


def _unwritable(place: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{place} cannot be written.", why=error.strerror or str(error))


@contextmanager
def _directory(
    root: Path, parts: Sequence[str], *, make: bool = True, mode: int = 0o777
) -> Iterator[int]:
    """Open a directory below another one, no part of the way a link."""
    opened = [os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
    try:
        for part in parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, mode, dir_fd=opened[-1])
            opened.append(_opened(root, part, opened[-1]))
        yield opened[-1]
    finally:
        for row in opened:
            os.close(row)


def _opened(root: Path, part: str, above: int) -> int:
    try:
        return os.open(part, DIRECTORY, dir_fd=above)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigurationError(
            f"{part} below {root} is not a directory of its own.",
            why=f"Nothing is written through a link: {error.strerror}.",
            next_step="Remove it, and build again.",
        ) from error


def _write(folder: int, name: str, content: bytes, mode: int) -> None:
    """Write a file as a whole; a link or a file of that name is replaced, never followed."""
    scratch = f".{name[:100]}.{os.getpid()}.{threading.get_ident()}"
    with suppress(FileNotFoundError):
        os.unlink(scratch, dir_fd=folder)
    with open(os.open(scratch, WRITE, mode, dir_fd=folder), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(scratch, name, src_dir_fd=folder, dst_dir_fd=folder)


def _remove_others(folder: int, wanted: set[str], *, are_files: bool = False) -> None:
    """Remove what does not belong into a directory, and what is there in another kind."""
    for name in os.listdir(folder):
        with suppress(FileNotFoundError):
            kind = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if _SCRATCH.fullmatch(name) and stat.S_ISREG(kind):
                continue
            if name in wanted and (not are_files or stat.S_ISREG(kind)):
                continue
            if stat.S_ISDIR(kind):
                shutil.rmtree(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)


def _require_own(found: os.stat_result, place: Path) -> None:
    """Raise NothingToJudgeError unless nobody but us can have written something."""
    if found.st_uid != os.geteuid() or found.st_mode & OTHERS_WRITE:
        raise NothingToJudgeError(
            f"{place} may have been written by another user and is not believed.",
            why=f"It belongs to user {found.st_uid}, with mode {stat.S_IMODE(found.st_mode):o}.",
        )
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise NothingToJudgeError(f"{place} is no file.")
