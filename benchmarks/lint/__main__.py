"""Run it: `nox -s benchmarks -- lint [--rounds=3]`.

The environment of `nox -s lint` has to be there, and lint has to pass: a failure is not reused.
Everything happens in a checkout of its own, with caches of its own. Cold means that no tool and
nobody else knows anything of an earlier run; warm, that the tools have their own caches and all of
them run; the peer is each tool by itself, cold, one after another. What is told of a changed file
is held against a fresh run: a difference ends this.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.checkout import ROOT, Checkout, checkout
from benchmarks.timing import Goal, Times, answered, ended
from towpath.checks.lint import linters_commands as linters
from towpath.checks.lint.linters_commands import Linter
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.source.files import listed
from towpath.tasks.context import workspace

PYTHON = str(ROOT / ".nox" / "lint" / "bin" / "python")
CORES = 2
CHANGED = "towpath/core/references.py"
TYPED = "nothing changed, ./dev nox -s lint"
ASKED = "nothing changed, python -m towpath check lint"


@dataclass(frozen=True)
class Trial(Checkout):
    """A checkout in which to lint, with caches that can be emptied."""

    caches: Path

    def forget(self) -> None:
        """Make it cold."""
        shutil.rmtree(self.caches, ignore_errors=True)
        shutil.rmtree(self.root / "reports", ignore_errors=True)

    def lint(self, *words: str) -> None:
        """Lint as the Nox session does, the start of Python included."""
        self.runner.run([PYTHON, "-m", "towpath", "check", "lint", "--", *words])

    def nox(self) -> None:
        """Lint as people type it."""
        self.runner.run(["./dev", "nox", "-s", "lint"])

    def alone(self, tool: Linter) -> None:
        """Run one tool by itself on all of its files."""
        config = workspace().config
        found = listed(Workspace(config, self.runner, workspace().terminal))
        tests = config.tests.files
        given = tool.files(found.files, lambda file: first_line(self.root / file), tests)
        argv = tool.argv(PYTHON, given)
        self.runner.run(argv, env=dict(tool.variables), check=False)

    def change(self) -> None:
        """Change a line of a module that much of the rest imports."""
        with (self.root / CHANGED).open("a") as stream:
            stream.write(f"\n\n# {uuid4()}\n")

    def said(self) -> dict[str, Any]:
        """Return what the last lint says of the source."""
        text = (self.root / "reports" / "evidence" / "lint.json").read_text()
        statement = json.loads(text)["predicate"]
        return {name: statement[name] for name in ("facts", "verdicts", "status", "tools")}


def first_line(file: Path) -> str:
    """Return the first line of a file."""
    with file.open(errors="replace") as stream:
        return stream.readline()


def trial(folder: Path) -> Trial:
    """Make a checkout that borrows the environments of the project."""
    if not Path(PYTHON).is_file():
        raise ConfigurationError(
            "There is no environment with the linters.", next_step="Make it: nox -s lint"
        )
    found, caches = workspace(), folder / "caches"
    env = {
        **found.config.env,
        "MYPY_CACHE_DIR": str(caches / "mypy"),
        "BLACK_CACHE_DIR": str(caches / "black"),
    }
    made = checkout(folder / "checkout", found.terminal, env)
    for name in (".venv", ".nox"):
        (made.root / name).symlink_to(ROOT / name)
    (made.root / ".git" / "info" / "exclude").write_text(".venv\n.nox\n")
    return Trial(made.root, made.runner, caches)


def measure(made: Trial, times: Times, rounds: int) -> list[Goal]:
    """Take all times, alternating what is compared, and return what has to hold."""
    tools = linters.LINTERS
    for _ in range(rounds):
        made.forget()
        times.take("cold", made.lint)
        made.forget()
        for tool in tools:
            before = processor()
            times.take(f"{tool.name} alone, cold", lambda: made.alone(tool))
            used = times.seconds.setdefault(f"{tool.name} alone, processor", [])
            used.append(round(processor() - before, 3))
    for _ in range(rounds):
        times.take("warm", lambda: made.lint("--fresh"))
    for _ in range(rounds):
        made.change()
        times.take("one file changed", made.lint)
        changed = made.said()
        made.lint("--fresh")
        require_same(changed, made.said())
    made.nox()
    for _ in range(rounds):
        times.take(ASKED, made.lint)
        times.take(TYPED, made.nox)
    alone = [times.median(f"{tool.name} alone, cold") for tool in tools]
    work = sum(times.median(f"{tool.name} alone, processor") for tool in tools)
    return goals(times, alone, work)


def processor() -> float:
    """Return the processor time, in seconds, of all commands that have run so far."""
    spent = os.times()
    return spent.children_user + spent.children_system


def goals(times: Times, alone: Sequence[float], work: float) -> list[Goal]:
    """Return what has to hold.

    `alone` are the seconds of each tool by itself, `work` the processor time of them all: some
    use several cores by themselves.
    """
    cold, longest = times.median("cold"), max(alone)
    letter = longest + (sum(alone) - longest) / CORES
    return [
        Goal("cold / the longest and half of the rest", cold / letter, "<=", 1.15, " x"),
        # Some tools use several cores by themselves: nearer to this than 1 nobody comes.
        Goal("cold / the processor time over two cores", cold / (work / CORES), ">=", 1, " x"),
        Goal("one after another / cold", sum(alone) / cold, ">=", 1, " x"),
        Goal("one file changed / cold", times.median("one file changed") / cold, "<=", 1 / 3, " x"),
        Goal("nothing changed, as the session asks", times.median(ASKED), "<=", 1, " s"),
        Goal("nothing changed, as people type it", times.median(TYPED), "<=", 1, " s"),
    ]


def require_same(kept: dict[str, Any], fresh: dict[str, Any]) -> None:
    """Raise NothingToJudgeError if what was told again is not what a fresh run says."""
    if kept != fresh:
        raise NothingToJudgeError(
            "What lint tells of a changed file is not what a fresh run says.",
            why=f"{kept} is not {fresh}",
        )


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; 1 where a goal was not held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lint", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    flags = parser.parse_args(argv)
    terminal = workspace().terminal
    times = Times(terminal)
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
        found = measure(trial(Path(folder)), times, max(flags.rounds, 1))
    return ended("lint", times, found)


if __name__ == "__main__":
    sys.exit(answered(main))
