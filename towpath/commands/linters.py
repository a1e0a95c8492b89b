"""The command lines of the linters. Pure: argv lists only, and the names of what they read.

Every tool is started as a module of one interpreter, so that a tool which is missing there is
missing, whatever else lies on PATH.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Argv = list[str]


@dataclass(frozen=True)
class Linter:
    """A linter: its command line up to the files, and whether it also judges the tests."""

    name: str
    options: tuple[str, ...]
    judges_tests: bool = True

    def argv(self, python: str, files: Sequence[str]) -> Argv:
        """Return the command line for these files."""
        return [python, "-m", self.name, *self.options, *files]


# The slowest first, so that two of them side by side end together.
LINTERS = (
    Linter("mypy", ("--strict", "--no-pretty", "--no-color-output"), judges_tests=False),
    Linter("flake8", ("--benchmark", "--color=never")),
    Linter("bandit", ("--quiet", "--format=json"), judges_tests=False),
    Linter("black", ("--check", "--no-color")),
    Linter("isort", ("--check-only", "--verbose")),
    Linter("radon", ("cc", "--json"), judges_tests=False),
)


BANDIT = next(linter for linter in LINTERS if linter.name == "bandit")


def python_files() -> Argv:
    """Ask git for every Python file, new ones too, but none that it ignores."""
    return ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.py"]


def under_judgement(files: Sequence[str], *, tests: bool) -> list[str]:
    """Return the files that a linter judges, sorted: all, or all but the tests."""
    return sorted(file for file in set(files) if tests or not file.startswith("tests/"))
