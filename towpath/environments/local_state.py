"""Moves the state that an earlier version kept on this machine into the volume, once."""

from __future__ import annotations

import socket
from pathlib import Path

from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.environments import secrets
from towpath.environments.state import lock as environment_lock
from towpath.environments.state import volume as files
from towpath.environments.state.commands import LARGEST
from towpath.environments.state.lock import Owner
from towpath.environments.state.volume import State
from towpath.evidence import record

# Says in the state where it came from: a move that was interrupted goes on, another one does not.
ORIGIN = "moved-from"
# Where the files of the earlier version are kept on this machine after the move.
EARLIER = "moved"
_FOLDERS = (files.SECRETS, files.PROXY, files.BACKUPS)
_FILES = (files.PINS, files.JOURNAL, files.HISTORY)


def move(workspace: Workspace, environment: Environment, state: State) -> None:
    """Move an environment's state of this machine into the volume on its engine, and say so.

    Nothing is done for an environment of another machine, and where the volume has a state of its
    own. Raises LockedError while a deployment runs, and CommandFailedError if it cannot be written.
    """
    directory = workspace.config.state_of(environment)
    if environment.engine or not (directory / files.SECRETS).is_dir():
        return
    why = "The state of the environment is about to be moved."
    owner = Owner(record.stamp(record.now()), why=why)
    with environment_lock.locked(state, environment.name, owner, workspace.terminal.warn):
        origin = f"{socket.gethostname()}:{directory}".encode()
        found = state.read(ORIGIN)
        if found is None and (state.read(files.HISTORY) or secrets.values(state)):
            return
        if found in (None, origin):
            state.write(ORIGIN, origin)
            _move_all(directory, state)
            workspace.terminal.warn(
                f"The state of {environment.name} is now in a volume on its engine. The files of "
                f"the earlier version are in {directory / EARLIER}."
            )


def _move_all(directory: Path, state: State) -> None:
    moved = [name for name in _FOLDERS + _FILES if _moved(directory, name, state)]
    for name in moved:
        (directory / EARLIER).mkdir(mode=0o700, exist_ok=True)
        (directory / name).rename(directory / EARLIER / name)


def _moved(directory: Path, name: str, state: State) -> bool:
    """Copy a file or the files of a directory; False where there is none."""
    path = directory / name
    if not path.exists():
        return False
    rows = sorted(path.iterdir()) if path.is_dir() else [path]
    for row in rows:
        if row.is_file() and not row.is_symlink() and row.stat().st_size <= LARGEST:
            inside = row.relative_to(directory).as_posix()
            state.write(inside, row.read_bytes(), row.stat().st_mode & 0o777)
    return True
