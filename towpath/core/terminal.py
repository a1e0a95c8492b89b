"""The only output: steps, tables, the live board of a run, CI folds, annotations and summary.

Results go to standard output, progress to standard error. All text goes through `_plain` or
`_clean` first, which hide secrets and escape control characters.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from towpath.core import markup
from towpath.core.errors import TowpathError
from towpath.core.redaction import SECRETS, Redactor
from towpath.core.step_times import StepTime

# Characters of a line where there is no terminal: in a log, or in a pipe.
LOG_WIDTH = 120

# Bytes. Source: GitHub docs, "Workflow commands", "Step isolation and limits": a step's summary
# that is larger than 1 MiB is not shown at all.
SUMMARY_LIMIT = 1024 * 1024
SUMMARY_CUT = b"\n\n_The summary is cut here: a step may show 1 MiB. All of it is in reports/._\n\n"

MARKS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "errored": ("!", "yellow"),
    "skipped": ("-", "dim"),
    "running": ("…", "cyan"),
    "waiting": (" ", "dim"),
}


@dataclass
class Row:
    """A line of the board: one stage, its status, seconds, a note, and the steps that ended."""

    stage: str
    status: str = "waiting"
    seconds: float | None = None
    note: str = ""
    started: float = 0.0
    steps: list[StepTime] = field(default_factory=list)

    def shown_seconds(self) -> str:
        """Return the time as text: of a running stage the time until now."""
        seconds = time.monotonic() - self.started if self.status == "running" else self.seconds
        return "" if seconds is None else f"{seconds:.1f} s"


@dataclass
class Board:
    """The stages of a run as one table that changes while they run."""

    title: str
    rows: list[Row] = field(default_factory=list)
    plain: Callable[[str], str] = escape

    def __rich__(self) -> Table:
        """Return the current table."""
        table = Table(title=self.plain(self.title), title_justify="left", expand=False)
        table.add_column("")
        table.add_column("stage")
        table.add_column("time", justify="right")
        table.add_column("", overflow="fold")
        for row in self.rows:
            mark, style = MARKS[row.status]
            stage, note = self.plain(row.stage), self.plain(row.note)
            table.add_row(f"[{style}]{mark}[/]", stage, row.shown_seconds(), note)
        return table


class Terminal:
    """Speaks to a person or to the log of a CI run.

    `env` decides the dialect: GITHUB_ACTIONS for folds and annotations, GITHUB_STEP_SUMMARY for
    the summary's file. With `verbose` every command and its output is shown.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        *,
        verbose: bool = False,
        out: Console | None = None,
        err: Console | None = None,
        redactor: Redactor = SECRETS,
    ) -> None:
        """Take the consoles from the caller, or make them for the process' own streams."""
        plain = "NO_COLOR" in env
        self._redactor = redactor
        self.verbose = verbose
        self.out = out or Console(no_color=plain, soft_wrap=True)
        self.err = err or Console(stderr=True, no_color=plain, soft_wrap=True)
        for console in (self.out, self.err):
            if not console.is_terminal and "COLUMNS" not in env:
                console.width = LOG_WIDTH
        self._github = env.get("GITHUB_ACTIONS") == "true"
        self._summary = env.get("GITHUB_STEP_SUMMARY", "")
        self._live: Live | None = None
        self._board: Board | None = None
        self._side_by_side = False

    def _clean(self, text: str, *, colours: bool = False) -> str:
        """Return text without secrets and without control characters."""
        return markup.visible(self._redactor.text(text), colours=colours)

    def _plain(self, text: str, *, colours: bool = False) -> str:
        """Return text as a console shows it letter by letter, and GitHub as no command."""
        clean = self._clean(text, colours=colours)
        return escape(markup.without_commands(clean) if self._github else clean)

    def say(self, text: str) -> None:
        """Show one line of progress."""
        self.err.print(self._plain(text), highlight=False)

    @property
    def can_ask(self) -> bool:
        """Whether a person can answer: both ends are a terminal."""
        return sys.stdin is not None and sys.stdin.isatty() and self.err.is_terminal

    def ask(self, text: str) -> str:
        """Show a question and return the answer without blanks; empty at the end of the input."""
        self.err.print(self._plain(text), highlight=False, end="")
        return sys.stdin.readline().strip()

    def warn(self, text: str) -> None:
        """Show a warning: a problem that does not stop the run."""
        self.err.print(f"[yellow]! {self._plain(text)}[/]", highlight=False)
        self.annotate("warning", text)

    def data(self, text: str) -> None:
        """Write a result to standard output, unchanged except for secrets."""
        self.out.print(self._redactor.text(text), markup=False, highlight=False, emoji=False)

    def command(self, line: str) -> None:
        """Show the line of a command that is about to run."""
        if self.verbose:
            self.err.print(f"[dim]+ {self._plain(line)}[/]", highlight=False)

    def stream(self, line: str) -> None:
        """Show one line of a command's output; the runner knows which are to be shown."""
        self.err.print(self._plain(line, colours=True), highlight=False)

    def error(self, error: TowpathError) -> None:
        """Show an error: what, why, next."""
        first, *rest = error.lines()
        self.err.print(f"[red]ERROR[/] {self._plain(first)}", highlight=False)
        for line in rest:
            self.err.print(self._plain(line), highlight=False)
        self.annotate("error", first)

    def annotate(self, level: str, message: str, file: str = "", line: int = 0) -> None:
        """Put a message on a file and line in GitHub; elsewhere nothing happens.

        Source: GitHub docs, "Workflow commands for GitHub Actions".
        """
        if not self._github:
            return
        place = ",".join(
            f"{key}={markup.command_property(self._clean(str(value)))}"
            for key, value in (("file", file), ("line", line))
            if value
        )
        head = f"{level} {place}" if place else level
        text = markup.command_value(self._redactor.text(message))
        self.err.print(f"::{head}::{text}", markup=False, highlight=False)

    def summary(self, markdown: str) -> None:
        """Add to the job summary where CI has one; elsewhere nothing happens.

        What is more than GitHub shows is cut at the end of a line, and says so. A summary that
        cannot be written is a warning: it changes no verdict.
        """
        if not self._summary:
            return
        file = Path(self._summary)
        try:
            taken = file.stat().st_size if file.exists() else 0
            text = _fitting(self._redactor.text(markdown).rstrip() + "\n\n", SUMMARY_LIMIT - taken)
            with file.open("ab") as stream:
                stream.write(text)
            if text.endswith(SUMMARY_CUT) or not text:
                self._summary = ""
        except OSError as error:
            self._summary = ""
            self.warn(f"Cannot write the job summary: {error.strerror}: {file}")

    def summary_table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
    ) -> None:
        """Add a table to the job summary where CI has one; elsewhere nothing happens."""
        lines = [columns, ["---"] * len(columns), *rows]
        table = "\n".join(
            "| " + " | ".join(markup.markdown(self._redactor.text(cell)) for cell in row) + " |"
            for row in lines
        )
        self.summary(f"### {markup.markdown(title)}\n\n{table}")

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table to standard output; numbers are the caller's to format."""
        table = Table(title=self._plain(title), title_justify="left")
        for column in columns:
            table.add_column(self._plain(column), overflow="fold")
        for row in rows:
            table.add_row(*(self._plain(cell) for cell in row))
        self.out.print(table)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show a step and, when it ends, its result and seconds.

        Steps inside a running board become the note of the board's running stage.
        """
        if self._board is not None:
            self._note(title)
            with self._timed(title):
                yield
            return
        started = time.monotonic()
        try:
            with self._fold(title):
                yield
        except BaseException:
            self._mark("failed", title, time.monotonic() - started)
            raise
        self._mark("passed", title, time.monotonic() - started)

    @contextmanager
    def board(
        self, title: str, stages: Sequence[str], *, side_by_side: bool = False
    ) -> Iterator[None]:
        """Show a table of stages that lives while the block runs.

        Stages that run `side_by_side` in threads do not fold their output, and the table is removed
        at the end: the caller shows its own.
        """
        self._board = Board(title, [Row(stage) for stage in stages], self._plain)
        self._side_by_side = side_by_side
        try:
            if self.err.is_terminal and not self._github and not self.verbose:
                with Live(
                    self._board, console=self.err, refresh_per_second=4, transient=side_by_side
                ) as self._live:
                    yield
            else:
                yield
                if not side_by_side:
                    self.err.print(self._board)
        finally:
            self._live = None
            self._board = None
            self._side_by_side = False

    @contextmanager
    def stage(self, name: str) -> Iterator[Row]:
        """Mark a stage of the board as running; the block fills in its row's status and note."""
        rows = self._board.rows if self._board else []
        row = next((found for found in rows if found.stage == name), Row(name))
        row.status, row.started = "running", time.monotonic()
        try:
            with self._fold(name):
                yield row
        finally:
            if row.status == "running":
                row.status = "errored"
            row.seconds = time.monotonic() - row.started if row.seconds is None else row.seconds
            if self._live is None:
                self._mark(row.status, f"{name}: {row.note}" if row.note else name, row.seconds)

    @contextmanager
    def _timed(self, title: str) -> Iterator[None]:
        """Add a step to the running stage; of stages side by side, none knows whose it is."""
        rows = [row for row in self._board.rows if row.status == "running"] if self._board else []
        started, status = time.monotonic(), "failed"
        try:
            yield
            status = "passed"
        finally:
            seconds = time.monotonic() - started
            for row in rows[:1] if not self._side_by_side else ():
                row.steps.append(StepTime(title, status, started - row.started, seconds))

    def _note(self, text: str) -> None:
        for row in self._board.rows if self._board else []:
            if row.status == "running":
                row.note = text
        if self._live is None:
            self.say(f"  {text}")

    def _mark(self, status: str, title: str, seconds: float) -> None:
        mark, style = MARKS[status]
        self.err.print(
            f"[{style}]{mark}[/] {self._plain(title)} [dim]{seconds:.1f} s[/]", highlight=False
        )

    def folded(self, title: str, text: str) -> None:
        """Show a text that only a reader of CI's log unfolds; elsewhere nothing happens.

        What looks like a workflow command in it is none. Source: GitHub docs, "Workflow commands
        for GitHub Actions", stopping and starting.
        """
        if self._github:
            token = secrets.token_hex()
            group = markup.command_value(self._clean(title))
            head = f"::group::{group}\n::stop-commands::{token}"
            tail = f"::{token}::\n::endgroup::"
            shown = self._clean(text.rstrip(), colours=True)
            self.err.print(f"{head}\n{shown}\n{tail}", markup=False, highlight=False)

    @contextmanager
    def _fold(self, title: str) -> Iterator[None]:
        if not self._github or self._side_by_side:
            yield
            return
        shown = markup.command_value(self._clean(title))
        self.err.print(f"::group::{shown}", markup=False, highlight=False)
        try:
            yield
        finally:
            self.err.print("::endgroup::", markup=False, highlight=False)


def _fitting(text: str, room: int) -> bytes:
    """Return as many complete lines as fit into `room` bytes, with a note if some do not."""
    raw = text.encode(errors="replace")
    if len(raw) <= room - len(SUMMARY_CUT):
        return raw
    # Without room for the note, an earlier call has written it already.
    lines = raw[: max(0, room - len(SUMMARY_CUT))].rpartition(b"\n")[0]
    return lines + SUMMARY_CUT if room >= len(SUMMARY_CUT) else b""
