"""Who has a port of this machine, as Linux tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"
# What Docker says: of another container, of another process, without and with a proxy of its own.
_TAKEN = re.compile(
    r"(?:\d(?:\.\d{1,3}){3}|[\]:\s]):(\d{1,5})\b[^\n]{0,200}?"
    r"(?:port is already allocated|address already in use)"
)


def taken(message: str) -> int:
    """Return the port that Docker could not have, by its own words; 0 if it says nothing of one."""
    match = _TAKEN.search(message)
    return int(match[1]) if match else 0


def holder(port: int, proc: Path = PROC) -> str:
    """Return the program that listens on a port and its process, or an empty string.

    Only root can see the processes of other users.
    """
    sockets = {f"socket:[{inode}]" for inode in _listening(port, proc)}
    for process in proc.glob("[0-9]*"):
        if sockets.intersection(_open(process)):
            return f"{_name(process)} (process {process.name})"
    return ""


def _listening(port: int, proc: Path) -> Iterator[str]:
    """Yield the inodes of the sockets that listen on a port (proc(5), /proc/net/tcp)."""
    for table in ("tcp", "tcp6"):
        try:
            rows = (proc / "net" / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for cells in map(str.split, rows):
            if cells[1].endswith(f":{port:04X}") and cells[3] == LISTENING:
                yield cells[9]


def _open(process: Path) -> Iterator[str]:
    try:
        for link in (process / "fd").iterdir():
            yield str(link.readlink())
    except OSError:
        # Another user's, or gone meanwhile.
        return


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a program"
