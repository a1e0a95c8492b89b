"""Which process writes which files of metrics, where several processes serve one container.

prometheus_client keeps the values of each process in files and adds them up when it is asked. It
names them by process number, so that every process that ever ran leaves some. A process that dies
and starts again all night would fill the directory, which is in memory. So the files are named by
slots instead: a new process takes the slot of one that has ended, and counts on from there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import multiprocess, values

DIRECTORY = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
"""Where the files are; without it the metrics are those of one process, in its memory."""
BEGAN = time.time()
"""When the first process of this container read this module; a forked one inherits it."""

_mine = "main"


def mine() -> str:
    """Return the slot of this process."""
    return _mine


def take(slot: int) -> None:
    """Let this process, which was just forked, write the files of a slot."""
    global _mine
    _mine = str(slot)


def free(taken: Iterable[int]) -> int:
    """Return the lowest slot that no living process has."""
    used = set(taken)
    return next(slot for slot in range(len(used) + 1) if slot not in used)


def give_up(slot: int) -> None:
    """Forget what only a living process has, such as the requests that it works on."""
    if DIRECTORY:
        multiprocess.mark_process_dead(slot)


def share() -> None:
    """Let metrics that are made from now on be kept in files, if there is a directory for them."""
    if DIRECTORY:
        Path(DIRECTORY).mkdir(parents=True, exist_ok=True)
        values.ValueClass = values.MultiProcessValue(mine)
