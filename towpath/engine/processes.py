"""Processes by pid and start time, so that a pid used again is never taken for ours."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from towpath.core.clock import SYSTEM

PROC = Path("/proc")
BOOT = PROC / "sys/kernel/random/boot_id"


@dataclass(frozen=True)
class SystemProcess:
    """One process; `started` is in clock ticks since boot. Source: proc_pid_stat(5)."""

    pid: int
    parent: int
    state: str
    started: int


def parse_stat(text: str) -> SystemProcess:
    """Read a line of /proc/PID/stat; raises ValueError for any other text.

    The name is in parentheses and may hold spaces and parentheses, so the last one ends it.
    """
    head, found, tail = text.rpartition(")")
    fields = tail.split()
    if not found or len(fields) < 20:
        raise ValueError(f"not a line of /proc/PID/stat: {text[:80]!r}")
    return SystemProcess(int(head.split()[0]), int(fields[1]), fields[0], int(fields[19]))


def parse_record(text: str, boot: str) -> SystemProcess | None:
    """Read what the engine wrote of itself: a boot id and its line of stat.

    Returns None for another boot, and for a record that is empty or torn.
    """
    written, _, stat = text.partition("\n")
    if written.strip() != boot.strip():
        return None
    try:
        return parse_stat(stat)
    except ValueError:
        return None


def living(process: SystemProcess, proc: Path = PROC) -> bool:
    """Tell whether this very process still runs; a zombie does not."""
    found = _read(proc / str(process.pid))
    return found is not None and found.started == process.started and found.state != "Z"


def children(process: SystemProcess, proc: Path = PROC) -> list[SystemProcess]:
    """Return the direct children of a process."""
    found = (_read(path) for path in proc.iterdir() if path.name.isdecimal())
    return [child for child in found if child is not None and child.parent == process.pid]


def inside(first: SystemProcess, name: str, proc: Path = PROC) -> list[SystemProcess]:
    """Return the processes of this name in the PID namespace of `first`."""
    space = _namespace(first.pid, proc)
    found = (
        _read(path)
        for path in proc.iterdir()
        if path.name.isdecimal() and _name(path) == name and space
        if _namespace(int(path.name), proc) == space
    )
    return [row for row in found if row is not None and row.state != "Z"]


def end(process: SystemProcess, number: signal.Signals, proc: Path = PROC) -> None:
    """Send a signal to this process, unless its pid was reused."""
    if living(process, proc):
        os.kill(process.pid, number)


def wait(process: SystemProcess, seconds: float) -> bool:
    """Wait until the process has ended; False when it has not within `seconds`."""
    return until(lambda: not living(process), seconds)


def until(condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Ask again and again until the condition holds; False when it does not within `seconds`."""
    return SYSTEM.wait_until(condition, seconds, pause)


def _read(directory: Path) -> SystemProcess | None:
    try:
        return parse_stat((directory / "stat").read_text())
    except (OSError, ValueError):
        # It ended between the listing and the reading.
        return None


def _name(directory: Path) -> str:
    try:
        return (directory / "comm").read_text().strip()
    except OSError:
        return ""


def _namespace(pid: int, proc: Path) -> str:
    try:
        return os.readlink(proc / str(pid) / "ns/pid")
    except OSError:
        return ""
