"""Starts processes: argv lists, a quoted command line, a timeout, a checked exit code.

This is the only module that starts processes, and it never joins arguments to a line for a shell.
Secrets are hidden in every line that is printed, logged or put into an error; the
`Outcome` has the unredacted output, for code that parses it.
"""

from __future__ import annotations

import copy
import os
import selectors
import shlex
import signal
import subprocess  # nosec B404: argv lists only, never a shell
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from towpath.core import environment
from towpath.core.errors import CommandFailedError, InterruptedRunError
from towpath.core.redaction import SECRETS, Lines, Redactor

TAIL_LINES = 12
# Seconds that a command has to end after SIGTERM.
PATIENCE = 10
# Seconds to read what it said when it has ended.
READING = 5


@dataclass(frozen=True)
class Outcome:
    """How a process ended: its argv, exit code, both streams as text, and seconds."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the process exited with 0."""
        return self.code == 0

    def tail(self) -> str:
        """Return the last lines of standard error, or else of standard output, without secrets."""
        text = SECRETS.text(self.stderr.strip() or self.stdout.strip())
        return "\n".join(text.splitlines()[-TAIL_LINES:])


class Echo(Protocol):
    """The output of a runner."""

    def command(self, line: str) -> None:
        """Show the line of a command that is about to run."""

    def stream(self, line: str) -> None:
        """Show one line of a command's output."""


class Running(Protocol):
    """The interface of a runner; tests have a small one of their own."""

    env: dict[str, str]

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
        """Run a command to its end."""

    def interact(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> int:
        """Let a command use this process' own terminal, and return its exit code."""

    def stop(self) -> None:
        """End every command that runs now, and start no more."""

    def spawn(self, argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> int:
        """Start a process that outlives us, in a session of its own, and return its pid."""

    def background(self, argv: Sequence[str]) -> Background:
        """Start a process that runs beside us and ends with us."""

    def using(self, variables: Mapping[str, str]) -> Running:
        """Return this runner with further variables."""


class Background:
    """A process that runs beside us; its standard input ends with us, however we end."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def runs(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def ask(self, line: str, seconds: float) -> str:
        """Write a line and return the next one of its own; empty at its end or after `seconds`."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return ""
        with suppress(BrokenPipeError):
            stdin.write(f"{line}\n".encode())
            stdin.flush()
        with selectors.DefaultSelector() as waiting:
            waiting.register(stdout, selectors.EVENT_READ)
            return stdout.readline().decode(errors="replace") if waiting.select(seconds) else ""

    def stop(self) -> str:
        """End it, and return what it wrote to standard error."""
        self._process.terminate()
        try:
            errors = self._process.communicate(timeout=PATIENCE)[1]
        except subprocess.TimeoutExpired:
            self._process.kill()
            errors = self._process.communicate()[1]
        return SECRETS.text(errors.decode(errors="replace").strip())


class Runner:
    """Runs commands with one environment, one working directory and one list of secrets."""

    def __init__(
        self,
        echo: Echo,
        *,
        env: Mapping[str, str],
        cwd: Path,
        secrets: Redactor = SECRETS,
        streaming: bool = False,
    ) -> None:
        """Use `env`, without the variables of a git hook, as the environment of every command.

        `secrets` redacts output. With `streaming` the lines of output are shown as they come.
        """
        self.echo = echo
        self.env = environment.without_repository(env)
        self.cwd = cwd
        self.streaming = streaming
        self.secrets = secrets
        self._live: set[subprocess.Popen[str]] = set()
        self._stopped = threading.Event()
        self._starting = threading.Lock()

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
        """Run a command to its end and return how it ended.

        `env` is added to the runner's environment, `timeout` is in seconds, `log` receives both
        streams, redacted; with `stream` they are shown as they come, each line after its `label`.
        With `check`, any exit code but 0 raises CommandFailedError. A missing program and a timeout
        always raise it. Ctrl-C ends the process group of the command and raises
        InterruptedRunError, as `stop` does when another thread calls it.
        """
        line = self._line(argv)
        self.echo.command(line)
        started = time.monotonic()
        process = self._start(argv, line, env, cwd, stdin is not None)
        out: list[str] = []
        err: list[str] = []
        shown = stream or self.streaming
        readers = [
            threading.Thread(target=self._read, args=(pipe, lines, shown, label), daemon=True)
            for pipe, lines in ((process.stdout, out), (process.stderr, err))
        ]
        try:
            for reader in readers:
                reader.start()
            self._wait(process, line, stdin, timeout)
            # A child that outlives the command may keep its streams open.
            for reader in readers:
                reader.join(READING)
        except KeyboardInterrupt as error:
            _end_groups([process])
            raise InterruptedRunError(f"Interrupted while running: {line}") from error
        seconds = time.monotonic() - started
        outcome = Outcome(tuple(argv), process.returncode, "".join(out), "".join(err), seconds)
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(f"$ {line}\n{self.secrets.text(outcome.stdout + outcome.stderr)}")
        if check and not outcome.ok:
            raise command_failed(outcome, line, self.secrets)
        return outcome

    def interact(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> int:
        """Let a command use this process' own terminal to its end, and return its exit code.

        Its three streams are ours: nothing of them is read, logged or redacted. The caller has made
        sure that there is a terminal, and calls this in the main thread: meanwhile Ctrl-C is for
        the command alone. Raises CommandFailedError for a command that cannot be started, and
        InterruptedRunError after SIGTERM.
        """
        line = self._line(argv)
        self.echo.command(line)
        # Not SIG_IGN, which the command would inherit.
        previous = signal.signal(signal.SIGINT, lambda _number, _frame: None)
        try:
            process = subprocess.Popen(  # nosec B603: an argv list of ours
                list(argv), env=self.env | dict(env or {}), cwd=cwd or self.cwd
            )
            try:
                return process.wait()
            except KeyboardInterrupt as error:
                _end_one(process)
                raise InterruptedRunError(f"Interrupted while running: {line}") from error
        except OSError as error:
            raise _not_started(argv[0], line, error) from error
        finally:
            signal.signal(signal.SIGINT, previous)

    def stop(self) -> None:
        """End every command that runs now, and start no more.

        For commands that run side by side in threads: Ctrl-C reaches one thread only.
        """
        with self._starting:
            self._stopped.set()
            running = list(self._live)
        _end_groups(running)

    def spawn(self, argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> int:
        """Start a process that outlives us, in its own session, and return its pid.

        Both streams are appended to `log`. Raises CommandFailedError if it cannot be started.
        """
        line = self._line(argv)
        self.echo.command(f"{line} &")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            try:
                process = subprocess.Popen(  # nosec B603: an argv list of ours
                    list(argv),
                    env=self.env | dict(env or {}),
                    cwd=self.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise _not_started(argv[0], line, error) from error
        pid = process.pid
        with warnings.catch_warnings():
            # It outlives us on purpose; Python reaps it all the same if it ends before we do.
            warnings.simplefilter("ignore", ResourceWarning)
            del process
        return pid

    def background(self, argv: Sequence[str]) -> Background:
        """Start a process that runs beside us and ends when its standard input does.

        Raises CommandFailedError if it cannot be started.
        """
        line = self._line(argv)
        self.echo.command(f"{line} &")
        try:
            # In a session of its own: Ctrl-C is for us, and we may need it to clean up.
            process = subprocess.Popen(  # nosec B603: an argv list of ours
                list(argv),
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise _not_started(argv[0], line, error) from error
        return Background(process)

    def using(self, variables: Mapping[str, str]) -> Runner:
        """Return this runner with further variables; what one stops, the other stops too."""
        found = copy.copy(self)
        found.env = self.env | dict(variables)
        return found

    def _line(self, argv: Sequence[str]) -> str:
        """Return the command as one quoted line; secrets go first, quoting would change them."""
        return shlex.join(self.secrets.text(part) for part in argv)

    def _start(
        self,
        argv: Sequence[str],
        line: str,
        env: Mapping[str, str] | None,
        cwd: Path | None,
        wants_stdin: bool,
    ) -> subprocess.Popen[str]:
        with self._starting:
            if self._stopped.is_set():
                raise InterruptedRunError(f"Interrupted before running: {line}")
            try:
                process = subprocess.Popen(  # nosec B603: an argv list of ours
                    list(argv),
                    env=self.env | dict(env or {}),
                    cwd=cwd or self.cwd,
                    stdin=subprocess.PIPE if wants_stdin else subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    errors="replace",
                    process_group=0,
                )
            except OSError as error:
                raise _not_started(argv[0], line, error) from error
            self._live.add(process)
            return process

    def _wait(
        self, process: subprocess.Popen[str], line: str, stdin: str | None, timeout: float | None
    ) -> None:
        """Wait for a command's end, which comes early by a timeout or `stop`."""
        try:
            self._feed(process, stdin)
            process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            _end_groups([process])
            raise CommandFailedError(
                f"{shlex.split(line)[0]} timed out after {timeout:g} s.",
                why=f"The command was: {line}",
            ) from error
        finally:
            self._live.discard(process)
        if self._stopped.is_set():
            raise InterruptedRunError(f"Interrupted while running: {line}")

    def _read(self, pipe: IO[str] | None, into: list[str], shown: bool, label: str) -> None:
        if pipe is None:
            return
        head = f"{label}: " if label else ""
        lines = Lines(self.secrets)
        with pipe:
            for text in pipe:
                into.append(text)
                if shown:
                    for line in lines.feed(text.rstrip("\n")):
                        self.echo.stream(head + line)
        for line in lines.flush():
            self.echo.stream(head + line)

    @staticmethod
    def _feed(process: subprocess.Popen[str], stdin: str | None) -> None:
        if stdin is None or process.stdin is None:
            return
        try:
            with process.stdin as pipe:
                pipe.write(stdin)
        except BrokenPipeError:
            # The command ended before it read everything: its exit code decides.
            return


def command_failed(outcome: Outcome, line: str, secrets: Redactor = SECRETS) -> CommandFailedError:
    """Return the error of a command that ended with another code than 0."""
    how = f"exit code {outcome.code}" if outcome.code >= 0 else f"signal {-outcome.code}"
    return CommandFailedError(
        f"{outcome.argv[0]} failed ({how}): {line}",
        why=secrets.text(outcome.tail()) or "No output.",
    )


def _not_started(program: str, line: str, error: OSError) -> CommandFailedError:
    # Python says the same of a working directory that is not there, and names it.
    if isinstance(error, FileNotFoundError) and error.filename in (None, program):
        return CommandFailedError(
            f"{program} is not installed or not on PATH.", why=f"The command was: {line}"
        )
    return CommandFailedError(f"{program} could not be started.", why=f"{error}: {line}")


def _end_groups(running: Sequence[subprocess.Popen[str]]) -> None:
    """Stop commands and their children: with SIGTERM, and after PATIENCE with SIGKILL.

    A second Ctrl-C kills them at once.
    """
    for process in running:
        _signal(process, signal.SIGTERM)
    try:
        deadline = time.monotonic() + PATIENCE
        for process in running:
            process.wait(max(0.0, deadline - time.monotonic()))
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        for process in running:
            _signal(process, signal.SIGKILL)
            process.wait()


def _end_one(process: subprocess.Popen[bytes]) -> None:
    """Stop a command that is in our own process group: with SIGTERM, after PATIENCE with SIGKILL.

    A terminal's foreground group is ours, so that a group of its own could not read from it.
    """
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _signal(process: subprocess.Popen[str], number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
