"""Running one linter: what is known is not asked again, how it ends is kept to be judged."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata
from itertools import chain
from pathlib import Path

import towpath
from towpath.checks import records
from towpath.checks.lint import output as rows
from towpath.checks.lint.cache import TOGETHER, Answers, LintCache
from towpath.checks.lint.linters_commands import Linter
from towpath.checks.records import ToolRecord
from towpath.config.workspace import Workspace
from towpath.core import environment
from towpath.core import tool_home as private
from towpath.core.errors import CommandFailedError, NothingToJudgeError
from towpath.core.findings import ToolResult
from towpath.core.redaction import SECRETS
from towpath.source.files import FileList

# Seconds; a linter that has not ended by then has given no verdict.
DEADLINE = 900


@dataclass(frozen=True)
class Linting:
    """One run of linters: of which check, on which files, and what is known of those already.

    Without a `keeper` nothing is. With `streaming` their words are shown as they come.
    """

    workspace: Workspace
    stage: str
    found: FileList
    keeper: LintCache | None = None
    streaming: bool = False

    def run(self, tool: Linter) -> None:
        """Run one linter and keep how it ended; one that cannot start has ended too, badly.

        With a keeper it is asked only about files whose answer is not known. If it has no verdict
        on those alone, it is asked about all: so the answer is that of a whole run.
        """
        said = version(tool.package or tool.name)
        given = self.given(tool)
        if odd := self._unnameable(tool, given):
            record = ToolRecord(
                tool.name, said, 0.0, ToolResult(-1, "", _cannot_name(odd), len(given))
            )
            self._write_log(tool.name, (), record.ran)
        elif self.keeper:
            record = self._ask_what_is_new(self.keeper, tool, said, given)
        else:
            record = self._ask(tool, said, given, {}, 0)
        records.write_record(self.workspace.config, self.stage, record)

    def given(self, tool: Linter) -> list[str]:
        """Return the files that a linter judges."""
        return tool.files(self.found.files, self.found.first_line)

    def _unnameable(self, tool: Linter, given: Sequence[str]) -> list[str]:
        """Return the files of a linter whose names would break its words, line by line."""
        unnamed = tool.files(self.found.unnamed, lambda file: "")
        return [*unnamed, *(file for file in given if not file.isprintable())]

    def fix(self, tool: Linter) -> None:
        """Let a linter write; what it could not mend it says again when it judges."""
        argv = tool.argv(sys.executable, self.given(tool), fix=True)
        self._write_log(f"{tool.name}-fix", argv, self._run(tool, argv, 0))

    def _ask_what_is_new(
        self, keeper: LintCache, tool: Linter, said: str, given: Sequence[str]
    ) -> ToolRecord:
        root = self.workspace.config.root
        known = keeper.known(tool, said, given)
        asked = [] if TOGETHER in known else [file for file in given if file not in known]
        record = self._ask(tool, said, asked, known, len(given) - len(asked))
        new = _answers(root, tool, record.ran, asked)
        if new is None and known:
            record = self._ask(tool, said, given, {}, 0)
            new = _answers(root, tool, record.ran, given)
        if new:
            keeper.learn(tool, said, given, new)
        return record

    def _ask(
        self, tool: Linter, said: str, files: Sequence[str], known: Answers, spared: int
    ) -> ToolRecord:
        """Run the linter on these files and return how it ended, with what is known of others."""
        started = time.monotonic()
        argv = tool.argv(sys.executable, files)
        ran = self._run(tool, argv, len(files)) if files else ToolResult(0, "", "", 0)
        kept = tuple(chain.from_iterable(known.values()))
        seconds = round(time.monotonic() - started, 3)
        record = ToolRecord(tool.name, said, seconds, ran, kept=kept, spared=spared)
        self._write_log(tool.name, argv if files else (), ran, _as_before(record))
        return record

    def _variables(self, tool: Linter) -> dict[str, str]:
        """Return what a linter sees besides the neutral variables.

        On its search path ours come first, for those that it starts. One of our own reads our
        settings, and gets them.
        """
        config = self.workspace.config
        rest = config.env.get("PATH", os.defpath)
        path = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), rest])}
        passed = environment.chosen(
            config.env, config.variables.get(self.stage.removesuffix("-part"), ())
        )
        ours = environment.settings(config.env) if tool.module == towpath.__name__ else {}
        # What lies above the project is of this machine: there is nothing beyond its home.
        stop = {"HOME": str(config.root.parent)} if tool.looks_above else {}
        return passed | ours | path | stop | dict(tool.variables)

    def _run(self, tool: Linter, argv: Sequence[str], files: int) -> ToolResult:
        try:
            with private.home() as home:
                ended = self.workspace.runner.run(
                    argv,
                    check=False,
                    timeout=DEADLINE,
                    # Our own look for an engine and its Compose where the caller has them.
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
        f"It cannot be asked about {', '.join(map(ascii, files))}: a name that is no text, or has a"
        " control character. Rename it."
    )


@cache
def version(package: str) -> str:
    """Return the version of a package in this environment, or "missing"; it is looked for once."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        # Our own code is used from the checkout, and the checkout is what the evidence speaks of.
        return "this checkout" if package == "towpath" else "missing"


def _as_before(record: ToolRecord) -> str:
    """Return for a log what the linter was not asked again."""
    if not record.spared:
        return ""
    lines = [str(row) for row in rows.known(record)]
    head = f"{record.spared} files, the settings and the tools did not change. Of those it said:"
    return "\n".join([head, *(lines or ["nothing"])]) + "\n"


def _answers(root: Path, tool: Linter, ran: ToolResult, files: Sequence[str]) -> Answers | None:
    """Return what the linter answered, by file; None if it has no verdict or cannot be divided."""
    if not files:
        return {}
    try:
        said = rows.read_findings(root, tool.name, ran)
    except NothingToJudgeError:
        return None
    if not tool.apart:
        return {TOGETHER: [asdict(row) for row in said]}
    answers: Answers = {file: [] for file in files}
    try:
        for row in said:
            answers[row.path].append(asdict(row))
    except KeyError:
        return None
    return answers
