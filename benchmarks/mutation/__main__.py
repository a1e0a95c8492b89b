"""Plant every mistake that mutmut knows into the modules that judge, and count those found.

[tool.mutmut] in pyproject.toml says into which modules, and which tests have to find them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.checkout import checkout
from benchmarks.timing import Goal, Times, answered, ended
from towpath.core.errors import NothingToJudgeError
from towpath.core.terminal import Terminal
from towpath.tasks.context import workspace

WANTED = 90  # percent of all mutants; in a small module those that change nothing weigh more
# A mutant that runs into the time limit of its test is found: the test does not pass.
FOUND = ("killed", "timeout")
MISSED = ("survived", "no tests")


@dataclass(frozen=True)
class Module:
    """How many mutants a module had, and the names of those that no test found."""

    name: str
    mutants: int
    survivors: tuple[str, ...]

    @property
    def score(self) -> float:
        """The percent found."""
        return 100 * (self.mutants - len(self.survivors)) / self.mutants


def read(root: Path, statuses: Mapping[int | None, str]) -> Iterator[Module]:
    """Yield what mutmut wrote below `root`; `statuses` are its words for exit codes.

    Raises NothingToJudgeError if there is nothing, or a mutant that was neither found nor missed.
    """
    files = sorted(root.rglob("*.meta"))
    for file in files:
        codes = json.loads(file.read_text())["exit_code_by_key"]
        ends = {name: statuses[code] for name, code in codes.items()}
        if odd := Counter(ends.values()).keys() - {*FOUND, *MISSED}:
            raise NothingToJudgeError(
                f"Mutants of {file.stem} were left: {', '.join(sorted(odd))}."
            )
        if ends:
            survivors = [name for name, status in ends.items() if status in MISSED]
            yield Module(str(file.relative_to(root).with_suffix("")), len(ends), tuple(survivors))
    if not files:
        raise NothingToJudgeError("mutmut left no result.")


def measure(root: Path, times: Times, workers: int) -> list[Module]:
    """Plant, test, and read what came of it."""
    # Its own words for what came of a mutant; it is installed in this session only.
    from mutmut.stats import status_by_exit_code

    made = checkout(root, times.terminal, os.environ)
    run = [sys.executable, "-m", "mutmut", "run", f"--max-children={workers}"]
    log = root.with_suffix(".log")
    times.take("all mutants", lambda: made.runner.run(run, log=log))
    return list(read(root / "mutants", status_by_exit_code))


def tell(terminal: Terminal, modules: Sequence[Module]) -> Module:
    """Write a table by module, and the names of the survivors; return the sum."""
    all_of_them = Module(
        "all", sum(row.mutants for row in modules), sum((row.survivors for row in modules), ())
    )
    terminal.table(
        "mutation: by module",
        ("module", "mutants", "killed", "survived", "score"),
        [
            (
                row.name,
                str(row.mutants),
                str(row.mutants - len(row.survivors)),
                str(len(row.survivors)),
                f"{row.score:.1f} %",
            )
            for row in (*modules, all_of_them)
        ],
    )
    for name in all_of_them.survivors:
        terminal.say(name)
    return all_of_them


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; 1 where the tests found too few."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    flags = parser.parse_args(argv)
    terminal = workspace().terminal
    times = Times(terminal)
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
        modules = measure(Path(folder) / "checkout", times, flags.workers)
    goals = [Goal("found", tell(terminal, modules).score, ">=", WANTED, " %")]
    return ended("mutation", times, goals)


if __name__ == "__main__":
    sys.exit(answered(main))
