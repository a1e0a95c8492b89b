"""Files and directories that only this user may open, whatever the umask is."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO

from towpath.errors import ConfigurationError

FILE, DIRECTORY, PARENT = 0o600, 0o700, 0o755


def directory(path: Path) -> None:
    """Make a directory of our own, or take everybody else's rights to it away.

    Raises ConfigurationError for one that belongs to somebody else or is a link: whoever made it
    could read and replace what is in it. Raises OSError where it cannot be made.
    """
    for parent in reversed(path.parents):
        if not parent.exists():
            parent.mkdir(mode=PARENT, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(mode=DIRECTORY)
    if not (_ours(path) and _safe(path.parent)):
        raise ConfigurationError(
            f"{path} is not safe to keep sockets and passwords in.",
            why=f"It must be a directory, no link, of the user that runs the engine"
            f" ({os.geteuid()}), and nobody else may be able to rename it.",
            next_step="Take it away, or set TOWPATH_ENGINE_DIR to another directory.",
        )
    path.chmod(DIRECTORY)


def _ours(path: Path) -> bool:
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _safe(parent: Path) -> bool:
    """Tell whether nobody else can rename what is in a directory: /tmp is safe, by its mode."""
    found = parent.stat()
    shared = found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX
    return found.st_uid in (0, os.geteuid()) and not shared


def write(path: Path, text: str = "") -> None:
    """Write a file that nobody else may read, in one step; its old rights do not matter."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE)
    with open(number, "w", encoding="utf-8") as stream:
        os.fchmod(number, FILE)
        stream.write(text)
    part.replace(path)


def lock(path: Path) -> IO[str]:
    """Open a lock file, which nobody else may open: who can open it can hold the lock for ever."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, FILE)
    stream = open(number, "a", encoding="utf-8")
    if os.fstat(number).st_uid == os.geteuid():
        os.fchmod(number, FILE)
    return stream
