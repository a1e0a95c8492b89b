"""Small real classes for the doors: a runner that answers from a table, a terminal that keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Self

from rich.console import Console

from towpath.core.runner import Background, Outcome, command_failed
from towpath.core.terminal import Terminal

Answer = str | Outcome | Callable[[tuple[str, ...]], Outcome]


def outcome(
    stdout: str = "", *, code: int = 0, stderr: str = "", argv: Sequence[str] = ("x",)
) -> Outcome:
    """Return how a process ended, for a table of answers."""
    return Outcome(tuple(argv), code, stdout, stderr, 0.1)


class FakeRunner:
    """What every runner of a test has alike: how it is asked, as `core.runner.Running` says.

    One kind differs from the next in `answer`.
    """

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str | None = None,
        check: bool = True,
        timeout: float | None = None,
        log: Path | None = None,
        stream: bool = False,
        label: str = "",
    ) -> Outcome:
        """Answer the command."""
        return self.answer(tuple(argv), dict(env or {}), stdin, check)

    def answer(
        self, argv: tuple[str, ...], env: dict[str, str], stdin: str | None, check: bool
    ) -> Outcome:
        """Return how a command ends; with `check` one that fails raises CommandFailedError."""
        raise NotImplementedError

    def interact(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> int:
        """Answer a command that would use the terminal."""
        return self.answer(tuple(argv), dict(env or {}), None, False).code

    def stop(self) -> None:
        """Nothing runs that could be ended."""

    def background(self, argv: Sequence[str]) -> Background:
        """Start nothing: what runs beside us needs a real runner."""
        raise AssertionError(f"No test expects a process beside us: {argv}")

    def using(self, variables: Mapping[str, str]) -> Self:
        """Return itself: its answers do not depend on variables."""
        return self


class TableRunner(FakeRunner):
    """Answers each command by the first key that its joined line contains, and remembers all.

    A command that no key fits raises AssertionError: a test says all that may run.
    """

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        self.answers = dict(answers or {})
        self.lines: list[str] = []
        self.calls: list[tuple[str, ...]] = []
        self.stdins: list[str | None] = []
        self.env: dict[str, str] = {}
        self.cwd = Path(".")

    def answer(
        self, argv: tuple[str, ...], env: dict[str, str], stdin: str | None, check: bool
    ) -> Outcome:
        """Look the command up and answer."""
        line = " ".join(argv)
        self.lines.append(line)
        self.calls.append(argv)
        self.stdins.append(stdin)
        for key, answer in self.answers.items():
            if key in line:
                return self._answer(answer, argv, check)
        raise AssertionError(f"no answer for: {line}")

    @staticmethod
    def _answer(answer: Answer, argv: tuple[str, ...], check: bool) -> Outcome:
        if isinstance(answer, str):
            return Outcome(argv, 0, answer, "", 0.1)
        found = answer if isinstance(answer, Outcome) else answer(argv)
        found = Outcome(argv, found.code, found.stdout, found.stderr, found.seconds)
        if check and not found.ok:
            raise command_failed(found, " ".join(argv))
        return found


class QuietTerminal(Terminal):
    """A terminal whose both streams are kept as text, for a test to read."""

    def __init__(self, env: Mapping[str, str] | None = None, *, verbose: bool = False) -> None:
        self.out_text, self.err_text = StringIO(), StringIO()
        super().__init__(
            env or {},
            verbose=verbose,
            # Without colours nobody sees what is highlighted, and to look for it takes long.
            out=Console(file=self.out_text, width=160, no_color=True, highlight=False),
            err=Console(file=self.err_text, width=160, no_color=True, highlight=False),
        )

    @property
    def said(self) -> str:
        """Everything told on standard error."""
        return self.err_text.getvalue()

    @property
    def written(self) -> str:
        """Everything written to standard output."""
        return self.out_text.getvalue()
