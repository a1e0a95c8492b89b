"""A runner for the engine's tests: a table of answers, and a memory of what was started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.fakes import Answer, TableRunner


class TableStarter(TableRunner):
    """Answers commands from a table and only remembers what it should start."""

    def __init__(
        self, answers: Mapping[str, Answer] | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(answers)
        self.env = dict(env or {})
        self.started: list[tuple[str, ...]] = []

    def spawn(self, argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> int:
        """Remember the command."""
        self.started.append(tuple(argv))
        return 4242
