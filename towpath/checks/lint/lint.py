"""Lint: which linters run, side by side, and what they leave to be judged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from towpath.checks import facts as measures
from towpath.checks import judge as judging
from towpath.checks import records
from towpath.checks.lint import linters_commands as linters
from towpath.checks.lint.cache import Keeper
from towpath.checks.lint.linter import Linting
from towpath.checks.lint.linters_commands import Linter
from towpath.config.workspace import Session
from towpath.core.errors import ConfigurationError
from towpath.core.references import nearest
from towpath.source.files import Listed, listed

FLAGS = ("--fix", "--fresh", "--verbose")
# What only some linters say is no evidence, and lies apart from what a gate could judge.
PART = "lint-part"


@dataclass(frozen=True)
class Wish:
    """What somebody asked of lint: which linters, empty for all, and how."""

    tools: tuple[str, ...] = ()
    fix: bool = False
    fresh: bool = False
    verbose: bool = False


def wish(words: Sequence[str], names: Sequence[str]) -> Wish:
    """Read what follows `nox -s lint --`; raises ConfigurationError for a word that is none."""
    for word in words:
        if word not in (*names, *FLAGS):
            kind = "option" if word.startswith("-") else "linter"
            raise ConfigurationError(
                f"Unknown {kind} {word!r}.{nearest(word, (*names, *FLAGS))}",
                why=f"The linters are {', '.join(names)}; the options {', '.join(FLAGS)}.",
            )
    return Wish(tuple(name for name in names if name in words), *(flag in words for flag in FLAGS))


def lint(session: Session, words: Sequence[str] = ()) -> None:
    """Run every linter, all of them whatever one says, or only those named; then judge.

    They run side by side, as many at a time as there are cores. With `--fix` some write first,
    with `--fresh` nothing that was known counts, with `--verbose` their words are shown.
    """
    asked = wish(words, [tool.name for tool in linters.LINTERS])
    _check_absent(session.config.absent)
    tools = [tool for tool in linters.LINTERS if not asked.tools or tool.name in asked.tools]
    if asked.fix:
        _fix(session, tools, asked)
    if asked.tools:
        shutil.rmtree(records.folder(session.config, PART), ignore_errors=True)
        _run(session, PART, tools, listed(session), asked)
        judging.part(session, "lint", measures.lint(session.config, asked.tools, PART))
    else:
        seen = records.begin(session, "lint")
        _run(session, "lint", tools, listed(session, seen), asked)
        judging.judge(session, "lint")


def _check_absent(kinds: Sequence[str]) -> None:
    """Raise ConfigurationError for a kind of files that no linter reads, or that all need."""
    able = [kind for kind in linters.READS if kind not in linters.PYTHON]
    for kind in kinds:
        if kind not in able:
            raise ConfigurationError(
                f"tool.towpath.absent in pyproject.toml names {kind!r}.{nearest(kind, able)}",
                why=f"A project can be without {', '.join(able)}.",
            )


def _run(session: Session, stage: str, tools: Sequence[Linter], found: Listed, asked: Wish) -> None:
    """Run linters side by side and keep what can be told again."""
    for path in found.outside:
        session.terminal.warn(f"{path} is a link that leads out of the project: it is not judged.")
    keeper = Keeper(session.config, found, fresh=asked.fresh)
    linting = Linting(session, stage, found, keeper, asked.verbose)
    for tool in tools:
        records.log(session.config, tool.name).unlink(missing_ok=True)
    with session.terminal.board("lint", [tool.name for tool in tools], side_by_side=True):
        _side_by_side(session, linting, tools)
    keeper.settle(listed(session))


def _side_by_side(session: Session, linting: Linting, tools: Iterable[Linter]) -> None:
    """Run each linter in a thread; whatever ends this early also ends what runs then."""
    pool = ThreadPoolExecutor(max_workers=os.cpu_count())
    try:
        for running in [pool.submit(_run_one, session, linting, tool) for tool in tools]:
            running.result()
    except BaseException:
        session.runner.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _run_one(session: Session, linting: Linting, tool: Linter) -> None:
    with session.terminal.stage(tool.name) as row:
        linting.run(tool)
        ((_, stands, _, row.note),) = measures.lint(session.config, [tool.name], linting.stage).rows
        row.status = "passed" if stands == "measured" else stands
        said = records.log(session.config, tool.name).read_text(encoding="utf-8")
        session.terminal.folded(f"{tool.name}: {row.note}", said)


def _fix(session: Session, tools: Iterable[Linter], asked: Wish) -> None:
    """Let linters write, one after the other, and say which files they changed."""
    before = listed(session)
    for tool in _writers(tools):
        with session.terminal.step(f"{tool.name} writes"):
            Linting(session, "lint", before, streaming=asked.verbose).fix(tool)
    after = listed(session)
    changed = [file for file in after.files if after.about[file] != before.about.get(file)]
    session.terminal.say(f"  changed: {', '.join(changed) or 'nothing'}")


def _writers(tools: Iterable[Linter]) -> list[Linter]:
    """Return those that can write; black comes last, it has the last word on what others wrote."""
    found = sorted((tool for tool in tools if tool.fixes), key=lambda tool: tool.name == "black")
    if not found:
        able = ", ".join(tool.name for tool in linters.LINTERS if tool.fixes)
        raise ConfigurationError(
            "None of these linters can fix.", why=f"Those that can are {able}."
        )
    return found
