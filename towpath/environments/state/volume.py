"""The state of an environment: files in a volume on its engine, which every caller sees alike.

They are its lock, journal, history, secrets, the proxy's settings and slots, and backups. Nothing
of the caller's disk is mounted anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from towpath.core import documents
from towpath.core.errors import CommandFailedError, DeploymentPausedError
from towpath.environments.state.session import Answer, StateSession
from towpath.evidence.journal import StateFiles

HISTORY, JOURNAL, PINS = "releases.json", "journal.jsonl", "images.json"
SECRETS, PROXY, BACKUPS = "secrets", "proxy", "backups"


class StateFile(NamedTuple):
    """A file in a directory of the state, and its size in bytes."""

    name: str
    size: int


class LockAttempt(NamedTuple):
    """What a try to lock says: whether we have it, and who has it, or had it and died.

    There is no owner where the last one released it, and an empty one where it cannot be read.
    """

    taken: bool
    owner: dict[str, Any] | None


class State(StateFiles, Protocol):
    """What is asked of the state of an environment; names are paths such as secrets/token.

    Every method raises CommandFailedError where it cannot be done, and StateUnreachableError if the
    connection ends.
    """

    def files(self, directory: str) -> list[StateFile]:
        """Return the files of a directory by name; none where it is not there."""

    def make_directory(self, name: str, mode: int) -> None:
        """Make a directory with exactly these rights, or give them to the one that is there."""

    def move(self, name: str, to: str) -> None:
        """Give a file another name; one of that name is replaced."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def free(self) -> int:
        """Return the bytes that are free where the engine has its volumes."""

    def try_lock(self, owner: dict[str, Any]) -> LockAttempt:
        """Take the lock if it is free, and say in it who has it now."""

    def unlock(self) -> None:
        """Release the lock."""

    def close(self) -> None:
        """End the connection, if there is one; the next request opens another."""

    def require_lock(self) -> None:
        """Raise DeploymentPausedError if another caller had the lock that was taken meanwhile."""


class VolumeState:
    """The state in a volume of an engine, over one session that opens when it is first needed.

    A session that ended is opened anew. If it had the lock, that is taken again first, and only if
    nobody had it in between: whoever lost it to another caller must not go on. `connect` starts the
    program and returns the session, or None for `make=False` while the volume is not there; then
    there is nothing to read.
    """

    def __init__(self, connect: Callable[[bool], StateSession | None]) -> None:
        self._connect = connect
        self._session: StateSession | None = None
        # What the lock says of us, while we have it.
        self._owner: dict[str, Any] | None = None
        self._is_lost = False

    def read(self, name: str) -> bytes | None:
        """Return a file, or None without one.

        Raises CommandFailedError if it cannot be done, and ConfigurationError for a wrong name.
        """
        answer = self._ask("read", name, make=False)
        return None if answer is None or answer.word == "none" else answer.content

    def write(self, name: str, content: bytes, mode: int = 0o600) -> None:
        """Replace a file by a complete new one; it is on the disk when this returns.

        Raises CommandFailedError if it cannot be done, and ConfigurationError for a wrong name.
        """
        self._ask("write", name, content, mode)

    def append(self, name: str, content: bytes) -> None:
        """Add to the end of a file, all of it or nothing; it is on the disk when this returns.

        Raises CommandFailedError if it cannot be done, and ConfigurationError for a wrong name.
        """
        self._ask("append", name, content)

    def files(self, directory: str) -> list[StateFile]:
        """Return the files of a directory by name; none where it is not there.

        Raises CommandFailedError if it cannot be done, and ConfigurationError for a wrong name.
        """
        answer = self._ask("list", directory, make=False)
        lines = answer.content.decode().splitlines() if answer else []
        rows = [line.partition(" ") for line in lines]
        return [StateFile(name, int(size)) for size, _, name in rows]

    def make_directory(self, name: str, mode: int) -> None:
        """Make a directory with exactly these rights, or give them to the one that is there.

        Raises CommandFailedError if it cannot be done, and ConfigurationError for a wrong name.
        """
        self._ask("folder", name, mode=mode)

    def move(self, name: str, to: str) -> None:
        """Give a file another name; one of that name is replaced.

        Raises CommandFailedError if it cannot be done, and ConfigurationError for a wrong name.
        """
        self._ask("move", name, to.encode())

    def remove(self, name: str) -> None:
        """Remove a file, if it is there.

        Raises CommandFailedError if it cannot be done, and ConfigurationError for a wrong name.
        """
        self._ask("remove", name)

    def free(self) -> int:
        """Return the bytes that are free where the engine has its volumes.

        Raises CommandFailedError if it cannot be done, and ConfigurationError for a wrong name.
        """
        answer = self._ask("space")
        return int(answer.content) if answer else 0

    def try_lock(self, owner: dict[str, Any]) -> LockAttempt:
        """Take the lock if it is free, and say in it who has it now.

        It ends with the session. Raises CommandFailedError if it cannot be done.
        """
        if self._owner is not None:
            return LockAttempt(False, owner)
        found = self._lock(owner)
        self._owner = owner if found.taken else None
        return found

    def unlock(self) -> None:
        """Release the lock, unless it was lost; raises CommandFailedError if it cannot be done."""
        mine, self._owner, self._is_lost = self._owner, None, False
        if mine is not None and self._session and not self._session.is_over:
            self._ask("unlock")

    def require_lock(self) -> None:
        """Raise DeploymentPausedError if another caller had the lock that was taken meanwhile.

        Raises CommandFailedError if it cannot be done.
        """
        if self._owner is not None:
            self._ask("alive")

    def close(self) -> None:
        """End the session, if there is one."""
        if self._session:
            self._session.close()

    def _ask(
        self,
        verb: str,
        name: str = "-",
        payload: bytes = b"",
        mode: int = 0o600,
        *,
        make: bool = True,
    ) -> Answer | None:
        if self._session is None or self._session.is_over:
            self._session = self._connect(make)
            if self._session is None:
                return None
            self._session.beat()
            self._lock_again()
        answer = self._session.ask(verb, name, payload, mode)
        if answer.word == "failed":
            raise CommandFailedError(
                f"Cannot {verb} {name} in the state of the environment.",
                why=answer.content.decode(errors="replace"),
                next_step="Check the disk of the engine: invoke health",
            )
        return answer

    def _lock(self, owner: dict[str, Any]) -> LockAttempt:
        answer = self._ask("lock", payload=json.dumps(owner).encode())
        if answer is None:
            raise CommandFailedError("The volume of the environment's state cannot be made.")
        return LockAttempt(answer.word == "ok", _owner(answer.content))

    def _lock_again(self) -> None:
        """Take the lock of a session that ended, if nobody had it since then."""
        if self._owner is None:
            return
        found = None if self._is_lost else self._lock(self._owner)
        if found is None or not found.taken or found.owner != self._owner:
            self._is_lost = True
            if found and found.taken:
                self._ask("unlock")
            self.close()
            raise DeploymentPausedError(
                "The connection to the environment was lost, and another caller has had its lock.",
                why="A command that lost its lock changes nothing more.",
                next_step="invoke status shows what serves; run the command again if it is not"
                " what you want.",
            )


def _owner(content: bytes) -> dict[str, Any] | None:
    """Return what the lock says of its owner, if it says anything."""
    if not content.strip():
        return None
    try:
        found = documents.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
