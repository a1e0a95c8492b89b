"""Lint: run the linters in parallel, and judge their results."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from towpath.checks import judge, records
from towpath.checks.lint import facts
from towpath.checks.lint import linters_commands as linters
from towpath.checks.lint.cache import LintCache
from towpath.checks.lint.linter import Linting
from towpath.checks.lint.linters_commands import Linter
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest
from towpath.source.files import FileList, listed

FLAGS = ("--fix", "--fresh", "--verbose")
# Results of some linters only are no evidence, and are stored separately.
PART = "lint-part"
# They fix last, so that their format wins.
FORMATTERS = ("black", "ruff-format")


@dataclass(frozen=True)
class LintOptions:
    """The arguments of lint: the linters, empty for all, and the flags."""

    tools: tuple[str, ...] = ()
    fix: bool = False
    fresh: bool = False
    verbose: bool = False


def parse_options(words: Sequence[str], names: Sequence[str]) -> LintOptions:
    """Parse the arguments after `nox -s lint --`; raises ConfigurationError for an unknown one."""
    for word in words:
        if word not in (*names, *FLAGS):
            kind = "option" if word.startswith("-") else "linter"
            raise ConfigurationError(
                f"Unknown {kind} {word!r}.{nearest(word, (*names, *FLAGS))}",
                why=f"The linters are {', '.join(names)}; the options are {', '.join(FLAGS)}.",
            )
    return LintOptions(
        tuple(name for name in names if name in words), *(flag in words for flag in FLAGS)
    )


def lint(workspace: Workspace, words: Sequence[str] = ()) -> None:
    """Run every linter, or only those named, and judge the results.

    They run in parallel, as many as there are cores. With `--fix`, formatters change files first;
    with `--fresh`, cached results are ignored; with `--verbose`, their output is shown. Raises
    ConfigurationError for an unknown argument, GateFailedError and NothingToJudgeError.
    """
    asked = parse_options(words, [tool.name for tool in linters.LINTERS])
    _check_absent(workspace.config.absent)
    _check_named(workspace.config.lint.linters)
    tools = [
        tool
        for tool in linters.LINTERS
        if tool.name in asked.tools
        or not asked.tools
        and not facts.not_used(workspace.config, tool)
    ]
    if asked.fix:
        _fix(workspace, tools, asked)
    if asked.tools:
        shutil.rmtree(records.folder(workspace.config, PART), ignore_errors=True)
        _run(workspace, PART, tools, listed(workspace), asked)
        judge.part(workspace, "lint", facts.measure(workspace.config, asked.tools, PART))
    else:
        seen = records.begin(workspace, "lint")
        _run(workspace, "lint", tools, listed(workspace, seen), asked)
        judge.judge(workspace, "lint", facts.measure)


def _check_absent(kinds: Sequence[str]) -> None:
    """Raise ConfigurationError for a kind of files that no linter reads, or that is required."""
    able = [kind for kind in linters.READS if kind not in linters.PYTHON]
    for kind in kinds:
        if kind not in able:
            raise ConfigurationError(
                f"Unknown kind {kind!r} in tool.towpath.absent.{nearest(kind, able)}",
                why=f"Only these kinds of files can be absent: {', '.join(able)}.",
            )


def _check_named(names: Sequence[str]) -> None:
    """Raise ConfigurationError for a linter in the settings that there is none of."""
    known = [tool.name for tool in linters.LINTERS]
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"Unknown linter {name!r} in tool.towpath.lint.linters.{nearest(name, known)}",
                why=f"The linters are {', '.join(known)}.",
            )


def _run(
    workspace: Workspace, stage: str, tools: Sequence[Linter], found: FileList, asked: LintOptions
) -> None:
    """Run linters in parallel, and cache their results."""
    for path in found.outside:
        workspace.terminal.warn(f"Not checking {path}: it is a link to a file outside the project.")
    cache = LintCache(workspace.config, found, fresh=asked.fresh)
    linting = Linting(workspace, stage, found, cache, asked.verbose)
    for tool in tools:
        workspace.config.log(tool.name).unlink(missing_ok=True)
    with workspace.terminal.board("lint", [tool.name for tool in tools], side_by_side=True):
        _run_in_parallel(workspace, linting, tools)
    cache.settle(listed(workspace))


def _run_in_parallel(workspace: Workspace, linting: Linting, tools: Iterable[Linter]) -> None:
    """Run each linter in a thread; an error stops all of them."""
    pool = ThreadPoolExecutor(max_workers=os.cpu_count())
    try:
        for running in [pool.submit(_run_one, workspace, linting, tool) for tool in tools]:
            running.result()
    except BaseException:
        workspace.runner.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _run_one(workspace: Workspace, linting: Linting, tool: Linter) -> None:
    """Run a linter and show how it ended, on its line of the board and as a fold."""
    with workspace.terminal.stage(tool.name) as line:
        linting.run(tool)
        measured = facts.measure(workspace.config, [tool.name], linting.stage)
        _, status, _, words = measured.rows[0]
        line.note = words
        # How complex a function may be is judged when all of them are known.
        line.status = "passed" if status == "measured" else status
        log = workspace.config.log(tool.name).read_text(encoding="utf-8")
        workspace.terminal.folded(f"{tool.name}: {words}", log)


def _fix(workspace: Workspace, tools: Iterable[Linter], asked: LintOptions) -> None:
    """Run formatters one after the other, and print which files they changed."""
    before = listed(workspace)
    for tool in _writers(tools):
        with workspace.terminal.step(f"Run {tool.name} --fix"):
            Linting(workspace, "lint", before, streaming=asked.verbose).fix(tool)
    after = listed(workspace)
    changed = [file for file in after.files if after.about[file] != before.about.get(file)]
    workspace.terminal.say(f"  changed: {', '.join(changed) or 'nothing'}")


def _writers(tools: Iterable[Linter]) -> list[Linter]:
    """Return the linters that can change files; formatters are last."""
    found = sorted((tool for tool in tools if tool.fixes), key=lambda tool: tool.name in FORMATTERS)
    if not found:
        able = ", ".join(tool.name for tool in linters.LINTERS if tool.fixes)
        raise ConfigurationError(
            "None of these linters can fix files.", why=f"Linters with a fix mode: {able}."
        )
    return found
