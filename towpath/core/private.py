"""Files and directories that only their owner may open, whatever the umask: state, locks, evidence.

Anyone who can open a lock can block others for ever; anyone who can write evidence can claim that a
check passed. Files that another user may have written are not trusted, and nothing is read or
written through a symbolic link.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from towpath.core import files
from towpath.core.errors import ConfigurationError, NothingToJudgeError

if TYPE_CHECKING:
    # A copy of an image needs this module, and not the time that it takes to import the other.
    from pathlib import Path

FILE, DIRECTORY, PARENT = 0o600, 0o700, 0o755
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe in the place of a file would make us wait for ever.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
# What another build of the same checkout is just writing.
_SCRATCH = re.compile(r"\..*\.\d+")


def directory(path: Path) -> Path:
    """Make a directory that is its owner's alone, with every one above it that is not there.

    One of ours that others could open, as earlier versions made it, is closed. Raises
    ConfigurationError where a link or a file stands in the way.
    """
    with named(path):
        _made(path)
        found = path.stat()
        if found.st_uid == os.geteuid() and found.st_mode & 0o777 != DIRECTORY:
            path.chmod(DIRECTORY)
    return path


def sole_directory(path: Path) -> None:
    """Make a directory of the engine, or take everybody else's rights to it away.

    Raises ConfigurationError for one that belongs to another user or is a link: its owner
    could read and replace what is in it. Raises OSError where it cannot be made.
    """
    for parent in reversed(path.parents):
        if not parent.exists():
            parent.mkdir(mode=PARENT, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(mode=DIRECTORY)
    if not (_is_own(path) and _keeps(path.parent)):
        raise ConfigurationError(
            f"{path} is not a safe directory for sockets and passwords.",
            why="It must be a directory, not a symbolic link, that belongs to the user who runs the"
            f" engine ({os.geteuid()}), and no other user may be able to rename it.",
            next_step="Remove it, or set TOWPATH_ENGINE_DIR to another directory.",
        )
    path.chmod(DIRECTORY)


def write_private(path: Path, content: bytes | str, mode: int = FILE) -> None:
    """Replace a file by a complete new one of exactly this mode; its directory is made so too.

    Raises ConfigurationError where the operating system refuses that.
    """
    with named(path):
        _made(path.parent)
        files.write_atomically(
            path, content.encode() if isinstance(content, str) else content, mode
        )


def read_own(file: Path, largest: int) -> bytes | None:
    """Return a file of at most `largest` bytes that only we can have written; None without one.

    Raises NothingToJudgeError for what another user may have written, a link, and a larger file.
    Raises ConfigurationError if a directory above it is a link.
    """
    try:
        with _walked(file.parent.parent, (file.parent.name,), make=False) as folder:
            _require_own(os.fstat(folder), file.parent)
            with open(os.open(file.name, _READ, dir_fd=folder), "rb") as stream:
                _require_own(os.fstat(stream.fileno()), file)
                content = stream.read(largest + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NothingToJudgeError(f"Cannot read {file}.", why=str(error)) from error
    if len(content) > largest:
        raise NothingToJudgeError(f"{file} is larger than {largest} bytes.")
    return content


def write_own(file: Path, content: bytes) -> None:
    """Write a file that only we can read and write; its directory is made so too.

    Raises ConfigurationError where a link stands in the way.
    """
    try:
        file.parent.parent.mkdir(parents=True, exist_ok=True)
        with _walked(file.parent.parent, (file.parent.name,), mode=DIRECTORY) as folder:
            with suppress(PermissionError):
                # An older pipeline made it for the group as well.
                os.fchmod(folder, DIRECTORY)
            files.write_in(folder, file.name, content, FILE)
    except OSError as error:
        raise _unwritable(file, error) from error


def fill(root: Path, parts: Sequence[str], rows: Mapping[str, Mapping[str, bytes]]) -> Path:
    """Write directories of files into the directory `parts` below `root`, and nothing else there.

    `rows` maps directories to files. Whatever else is there is removed. Raises
    ConfigurationError where anything on the way is a link: none is followed.
    """
    place = root.joinpath(*parts)
    try:
        with _walked(root, parts) as base:
            _remove_others(base, set(rows))
        for name, inner in rows.items():
            with _walked(root, (*parts, name)) as folder:
                _remove_others(folder, set(inner), are_files=True)
                for file, content in inner.items():
                    files.write_in(folder, file, content, 0o644)
    except OSError as error:
        raise _unwritable(place, error) from error
    return place


def opened(path: Path, flags: int) -> int:
    """Open a private file, made first if it is not there; raises OSError, also for a link."""
    _made(path.parent)
    number = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE)
    found = os.fstat(number)
    if found.st_uid == os.geteuid() and found.st_mode & 0o777 != FILE:
        os.fchmod(number, FILE)
    return number


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Turn an error of the disk into one that names the file.

    Raises ConfigurationError in place of OSError.
    """
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"User {os.geteuid()} cannot open {path}.",
            why=f"{error.strerror}; it must be a regular file of that user, not a symbolic "
            "link.",
            next_step="Change its owner, remove it, or set TOWPATH_STATE to another directory.",
        ) from error


def _made(path: Path) -> None:
    """Make a directory that is not there, and those above it; one that is there stays as it is."""
    if path.is_dir():
        return
    _made(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=DIRECTORY)
        path.chmod(DIRECTORY)


def _is_own(path: Path) -> bool:
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _keeps(parent: Path) -> bool:
    """Tell whether no other user can rename entries of a directory; /tmp is safe (sticky bit)."""
    found = parent.stat()
    shared = found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX
    return found.st_uid in (0, os.geteuid()) and not shared


def _unwritable(place: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"Cannot write {place}.", why=error.strerror or str(error))


@contextmanager
def _walked(
    root: Path, parts: Sequence[str], *, make: bool = True, mode: int = 0o777
) -> Iterator[int]:
    """Open a directory below another one, no part of the way a link."""
    chain = [os.open(root, _FOLDER)]
    try:
        for part in parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, mode, dir_fd=chain[-1])
            chain.append(_step(root, part, chain[-1]))
        yield chain[-1]
    finally:
        for row in chain:
            os.close(row)


def _step(root: Path, part: str, above: int) -> int:
    try:
        return os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigurationError(
            f"{part} below {root} is a symbolic link or not a directory.",
            why=f"Towpath does not write through symbolic links: {error.strerror}.",
            next_step="Remove it and build again.",
        ) from error


def _remove_others(folder: int, wanted: set[str], *, are_files: bool = False) -> None:
    """Remove what does not belong into a directory, and what is there in another kind."""
    import shutil

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
    """Raise NothingToJudgeError if another user may have written a file or directory."""
    if found.st_uid != os.geteuid() or found.st_mode & _OTHERS_WRITE:
        raise NothingToJudgeError(
            f"{place} is not trusted: another user may have written it.",
            why=f"It belongs to user {found.st_uid} and has mode "
            f"{stat.S_IMODE(found.st_mode):o}.",
        )
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise NothingToJudgeError(f"{place} is not a regular file.")
