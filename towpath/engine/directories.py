"""Delete a directory of the engine, with what a killed assembly has left mounted in it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from towpath.core.errors import CommandFailedError
from towpath.core.runner import Running

MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


def mounted_below(table: str, directory: Path) -> list[str]:
    """Return the mount points at or below a directory, the innermost first.

    `table` is a text in the form of /proc/self/mountinfo (proc_pid_mountinfo(5)): the fifth field
    is the mount point, with spaces and backslashes as octal numbers.
    """
    fields = [line.split() for line in table.splitlines()]
    names = [_OCTAL.sub(lambda code: chr(int(code[1], 8)), row[4]) for row in fields if row[4:]]
    # What was mounted last is unmounted first.
    return [name for name in reversed(names) if Path(name).is_relative_to(directory)]


def delete(directory: Path, runner: Running) -> None:
    """Unmount what is mounted in a directory, then delete it.

    A process that was killed while it assembled a root leaves /proc, /sys and /dev mounted there.
    Nothing is deleted through a mount: it would be the machine's. Raises CommandFailedError if
    something stays mounted.
    """
    directory = directory.resolve()
    for place in mounted_below(MOUNTS.read_text(encoding="utf-8"), directory):
        runner.run(["umount", "--", place], check=False)
    if left := mounted_below(MOUNTS.read_text(encoding="utf-8"), directory):
        raise CommandFailedError(
            f"{directory} was not deleted: {left[0]} is mounted there.",
            why="Deleting through a mount would delete what is mounted.",
            next_step=f"See what uses it (fuser -vm {left[0]}), unmount it, and try again.",
        )
    shutil.rmtree(directory)
