"""Run one linter on the files without a cached result, and record its result."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import towpath
from towpath.checks import records
from towpath.checks.lint import output as rows
from towpath.checks.lint.cache import TOGETHER, Answers, LintCache
from towpath.checks.lint.linters_commands import Linter
from towpath.checks.records import ToolRecord
from towpath.checks.tool_versions import version
from towpath.config.workspace import Workspace
from towpath.core import environment
from towpath.core import tool_home as private
from towpath.core.errors import CommandFailedError, NothingToJudgeError
from towpath.core.findings import ToolResult
from towpath.core.redaction import SECRETS
from towpath.source.files import FileList

# Seconds after which a linter is stopped, without a verdict.
DEADLINE = 900


@dataclass(frozen=True)
class Linting:
    """One run of linters for the check `stage`, on the files of `snapshot`.

    Without a `cache`, every file is checked. With `streaming`, the output is shown at once.
    """

    workspace: Workspace
    stage: str
    snapshot: FileList
    cache: LintCache | None = None
    streaming: bool = False

    def run(self, tool: Linter) -> None:
        """Run one linter and record its result, also if it cannot start.

        With a cache it runs only on files without a cached result. If it has no verdict on those
        alone, it runs on all files.
        """
        config = self.workspace.config
        said = version(tool.package or tool.name, config.tool_python)
        given = self.files_of(tool)
        if odd := self._unnameable(tool, given):
            record = ToolRecord(
                tool.name, said, 0.0, ToolResult(-1, "", _cannot_name(odd), len(given))
            )
            self._write_log(tool.name, (), record.ran)
        elif self.cache:
            record = self._run_on_changed(self.cache, tool, said, given)
        else:
            record = self._ask(tool, said, given, {}, 0)
        records.write_record(self.workspace.config, self.stage, record)

    @property
    def _tests(self) -> tuple[str, ...]:
        return self.workspace.config.tests.files

    @property
    def _compose(self) -> str:
        return self.workspace.config.compose

    def files_of(self, tool: Linter) -> list[str]:
        """Return the files that a linter judges."""
        return tool.files(self.snapshot.files, self.snapshot.first_line, self._tests, self._compose)

    def _unnameable(self, tool: Linter, given: Sequence[str]) -> list[str]:
        """Return the files of a linter whose names would break its line-based output."""
        unnamed = tool.files(self.snapshot.unnamed, lambda file: "", self._tests, self._compose)
        return [*unnamed, *(file for file in given if not file.isprintable())]

    def fix(self, tool: Linter) -> None:
        """Let a linter fix files; what it cannot fix it reports again when it runs."""
        argv = tool.argv(self._python(tool, fix=True), self.files_of(tool), fix=True)
        self._write_log(f"{tool.name}-fix", argv, self._run(tool, argv, 0))

    def _run_on_changed(
        self, cache: LintCache, tool: Linter, said: str, given: Sequence[str]
    ) -> ToolRecord:
        root = self.workspace.config.root
        known = cache.cached(tool, said, given)
        asked = [] if TOGETHER in known else [file for file in given if file not in known]
        record = self._ask(tool, said, asked, known, len(given) - len(asked))
        new = _answers(root, tool, record.ran, asked)
        if new is None and known:
            record = self._ask(tool, said, given, {}, 0)
            new = _answers(root, tool, record.ran, given)
        if new:
            cache.learn(tool, said, given, new)
        return record

    def _ask(
        self, tool: Linter, said: str, files: Sequence[str], known: Answers, reused: int
    ) -> ToolRecord:
        """Run the linter on these files and return its result with cached ones."""
        started = time.monotonic()
        argv = tool.argv(self._python(tool), files)
        ran = self._run(tool, argv, len(files)) if files else ToolResult(0, "", "", 0)
        cached = tuple(chain.from_iterable(known.values()))
        seconds = round(time.monotonic() - started, 3)
        record = ToolRecord(tool.name, said, seconds, ran, cached=cached, reused=reused)
        self._write_log(tool.name, argv if files else (), ran, _cached_text(record))
        return record

    def _python(self, tool: Linter, *, fix: bool = False) -> str:
        """Return the Python that runs a linter: ours for our own, else that of the session."""
        ours = tool.module == towpath.__name__ and not fix
        return sys.executable if ours else self.workspace.config.tool_python

    def _variables(self, tool: Linter) -> dict[str, str]:
        """Return the variables of a linter besides the neutral ones.

        The environment's own programs come first on its PATH. Linters of our own get the settings
        of Towpath.
        """
        config = self.workspace.config
        rest = config.env.get("PATH", os.defpath)
        path = {"PATH": os.pathsep.join([str(Path(config.tool_python).parent), rest])}
        passed = environment.chosen(
            config.env, config.variables.get(self.stage.removesuffix("-part"), ())
        )
        ours = environment.settings(config.env) if tool.module == towpath.__name__ else {}
        # Settings above the project belong to this machine: HOME stops the search there.
        stop = {"HOME": str(config.root.parent)} if tool.looks_above else {}
        # A plugin of mypy starts Django, with the settings of the tests.
        own = config.variables_of_settings() if tool.reads == "modules" else {}
        return passed | ours | own | path | stop | dict(tool.variables)

    def _run(self, tool: Linter, argv: Sequence[str], files: int) -> ToolResult:
        try:
            with private.home() as home:
                ended = self.workspace.runner.run(
                    argv,
                    check=False,
                    timeout=DEADLINE,
                    # Linters of our own need the caller's engine and Compose.
                    env=({} if tool.module == towpath.__name__ else home) | self._variables(tool),
                    stream=self.streaming,
                    label=tool.name,
                )
        except CommandFailedError as error:
            return ToolResult(-1, "", f"{error.what} {error.why}", files)
        return ToolResult(ended.code, ended.stdout, ended.stderr, files)

    def _write_log(self, name: str, argv: Sequence[str], ran: ToolResult, more: str = "") -> None:
        command = f"$ {shlex.join(argv)}\n" if argv else ""
        file = self.workspace.config.log(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        text = SECRETS.text(f"{command}{ran.stdout}{ran.stderr}\n{more}")
        file.write_text(text, encoding="utf-8")


def _cannot_name(files: Sequence[str]) -> str:
    return (
        f"Cannot check {', '.join(map(ascii, files))}: the name is not valid text, or has a control"
        " character. Rename the file."
    )


def _cached_text(record: ToolRecord) -> str:
    """Return the reused results for a log."""
    if not record.reused:
        return ""
    lines = [str(row) for row in rows.cached_results(record)]
    head = f"Reused results of {record.reused} unchanged files:"
    return "\n".join([head, *(lines or ["no findings"])]) + "\n"


def _answers(root: Path, tool: Linter, ran: ToolResult, files: Sequence[str]) -> Answers | None:
    """Return the findings by file; None without a verdict, or for a file that was not passed."""
    if not files:
        return {}
    try:
        results = rows.read_findings(root, tool.name, ran)
    except NothingToJudgeError:
        return None
    if not tool.apart:
        return {TOGETHER: [asdict(row) for row in results]}
    answers: Answers = {file: [] for file in files}
    try:
        for row in results:
            answers[row.path].append(asdict(row))
    except KeyError:
        return None
    return answers
