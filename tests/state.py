"""The state of an environment in a directory of a test, with the lock in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from towpath.environments.engine import Engine
from towpath.environments.state import container
from towpath.environments.state.volume import LockAttempt, StateFile


def keep_states_below(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the states of all environments be in directories: there is no engine."""

    def opened(_engine: Engine, project: str) -> DirectoryState:
        return DirectoryState(root / project)

    monkeypatch.setattr(container, "open_state", opened)


class DirectoryState:
    """The state in a directory; two of the same directory share its lock."""

    _owners: ClassVar[dict[Path, DirectoryState]] = {}
    _last: ClassVar[dict[Path, dict[str, Any] | None]] = {}

    def __init__(self, directory: Path, free: int = 1 << 40) -> None:
        self.directory, self._free = directory, free

    def read(self, name: str) -> bytes | None:
        """Return a file, or None without one."""
        path = self.directory / name
        return path.read_bytes() if path.is_file() else None

    def write(self, name: str, content: bytes, mode: int = 0o600) -> None:
        """Replace a file."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        path.chmod(mode)

    def append(self, name: str, content: bytes) -> None:
        """Add to the end of a file."""
        self.write(name, (self.read(name) or b"") + content)

    def files(self, directory: str) -> list[StateFile]:
        """Return the files of a directory."""
        path = self.directory / directory
        rows = sorted(path.iterdir()) if path.is_dir() else []
        return [StateFile(row.name, row.stat().st_size) for row in rows if row.is_file()]

    def make_directory(self, name: str, mode: int) -> None:
        """Make a directory with these rights."""
        (self.directory / name).mkdir(parents=True, exist_ok=True)
        (self.directory / name).chmod(mode)

    def move(self, name: str, to: str) -> None:
        """Give a file another name."""
        (self.directory / name).rename(self.directory / to)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.directory / name).unlink(missing_ok=True)

    def free(self) -> int:
        """Return the free bytes that the test said."""
        return self._free

    def try_lock(self, owner: dict[str, Any]) -> LockAttempt:
        """Take the lock if it is free."""
        taken = self.directory not in self._owners
        found = LockAttempt(taken, self._last.get(self.directory))
        if taken:
            self._owners[self.directory], self._last[self.directory] = self, owner
        return found

    def unlock(self) -> None:
        """Release the lock, if it is ours."""
        if self._owners.get(self.directory) is self:
            del self._owners[self.directory]
            self._last[self.directory] = None

    @property
    def owner(self) -> dict[str, Any] | None:
        """Who has the lock, or had it and died."""
        return self._last.get(self.directory)

    def leave(self, owner: dict[str, Any]) -> None:
        """Be left with the name of an owner that died."""
        self._last[self.directory] = owner

    def close(self) -> None:
        """There is no connection."""

    def require_lock(self) -> None:
        """Nothing is lost here."""
