"""One session with the program that keeps an environment's state: requests, answers, heartbeats.

Source of the frames: Docker Engine API, ContainerAttach, "Stream format": each has a header of 8
bytes, its stream in the first and its size in the last four.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from towpath.core.errors import EngineUnreachableError
from towpath.environments.state import commands

HEADER, STDERR = 8, 2
# Bytes of a line that begins an answer, and of what is kept of standard error.
LONGEST_LINE, LONGEST_WORDS = 64, 4096


class StateUnreachableError(EngineUnreachableError):
    """The connection to an environment's state ended; a retry opens another one."""


class StateConnection(Protocol):
    """What a session needs of a socket."""

    def sendall(self, content: bytes, /) -> None:
        """Send everything."""

    def recv(self, size: int, /) -> bytes:
        """Return what has come, at most so much, and nothing after the end."""

    def close(self) -> None:
        """End the connection."""


class Answer(NamedTuple):
    """What the program answers: ok, none, busy or failed, and what comes with it."""

    word: str
    content: bytes


class StateSession:
    """A connection to the program; threads may share it. It is over after its first error."""

    def __init__(self, connection: StateConnection) -> None:
        self._connection = connection
        self._one = threading.Lock()
        self._ended = threading.Event()
        self._output, self._words = bytearray(), bytearray()

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended."""
        return self._ended.is_set()

    def ask(self, verb: str, name: str = "-", payload: bytes = b"", mode: int = 0o600) -> Answer:
        """Send one request and return its answer.

        Raises StateUnreachableError if the connection ends, and ConfigurationError for a name or a
        payload that is no request.
        """
        sent = commands.request(verb, name, payload, mode)
        with self._one:
            if self.is_over:
                raise self._unreachable("The connection has ended before.")
            try:
                self._connection.sendall(sent)
                return self._answer()
            except (OSError, ValueError) as error:
                self.close()
                raise self._unreachable(str(error)) from error

    def beat(self, seconds: float = commands.BEAT) -> None:
        """Send a request every so many seconds, from a thread of its own, until the end."""
        threading.Thread(target=self._beat, args=(seconds,), daemon=True).start()

    def close(self) -> None:
        """End the connection, and with it the program and its lock."""
        self._ended.set()
        self._connection.close()

    def _beat(self, seconds: float) -> None:
        while not self._ended.wait(seconds):
            try:
                self.ask("alive")
            except StateUnreachableError:
                return

    def _answer(self) -> Answer:
        line = self._until(lambda: self._output.find(b"\n") + 1)
        if len(line) > LONGEST_LINE:
            raise ValueError("The answer is none of the program's.")
        word, _, size = line.decode("ascii", "replace").strip().partition(" ")
        if not (size.isdecimal() and int(size) <= commands.LARGEST):
            raise ValueError(f"The answer is none of the program's: {line!r}")
        length = int(size)
        content = self._until(lambda: length if len(self._output) >= length else 0, length)
        return Answer(word, content)

    def _until(self, end: Callable[[], int], size: int = 1) -> bytes:
        """Return output up to where it `end`s, which is 0 while it has to come."""
        while size and not (there := end()):
            self._receive()
            if len(self._output) > commands.LARGEST + LONGEST_LINE:
                raise ValueError("The answer has no end.")
        found = bytes(self._output[: there if size else 0])
        del self._output[: len(found)]
        return found

    def _receive(self) -> None:
        """Take one frame, of either stream."""
        head = self._exactly(HEADER)
        content = self._exactly(int.from_bytes(head[4:], "big"))
        if head[0] == STDERR:
            self._words = (self._words + content)[-LONGEST_WORDS:]
        else:
            self._output += content

    def _exactly(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            part = self._connection.recv(min(size - len(found), 1 << 16))
            if not part:
                raise ConnectionResetError(
                    self._words.decode(errors="replace").strip() or "The connection was closed."
                )
            found += part
        return bytes(found)

    def _unreachable(self, why: str) -> StateUnreachableError:
        return StateUnreachableError(
            "The connection to the environment's state was lost.",
            why=why,
            next_step="Run the command again when the engine can be reached: a deployment that "
            "was interrupted is then finished or undone.",
        )
