"""The command lines of the checks. Pure: argv lists only, and the names of what they read.

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

PARALLEL = ("--numprocesses=auto",)
# Most of that is waiting for services; each file has its own, and stays in one process.
INTEGRATION = ("--numprocesses=3", "--dist=loadfile", "-m", "integration", "tests/integration")


def python_files() -> Argv:
    """Ask git for every Python file, new ones too, but none that it ignores."""
    return ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.py"]


def under_judgement(files: Sequence[str], *, tests: bool) -> list[str]:
    """Return the files that a linter judges, sorted: all, or all but the tests."""
    return sorted(file for file in set(files) if tests or not file.startswith("tests/"))


def pytest(python: str, arguments: Sequence[str], *, junit: str = "") -> Argv:
    """Run tests; with `junit` write that report, and coverage data where COVERAGE_FILE says."""
    kept = [f"--junit-xml={junit}", "--cov", "--cov-report="] if junit else []
    return [python, "-m", "pytest", *kept, *arguments]


def coverage(python: str, data: Sequence[str], reports: str) -> list[Argv]:
    """Join coverage data into the file that COVERAGE_FILE names, and report it in three forms."""
    tool = [python, "-m", "coverage"]
    return [
        [*tool, "combine", "--keep", "--quiet", *data],
        [*tool, "json", "--quiet", "-o", f"{reports}/coverage.json"],
        [*tool, "xml", "--quiet", "-o", f"{reports}/coverage.xml"],
        [*tool, "html", "--quiet", "--directory", f"{reports}/coverage/html"],
    ]


def environment(python: str, place: str) -> Argv:
    """Make an empty environment for this interpreter, in place of what is there."""
    return [python, "-m", "uv", "venv", "--quiet", "--clear", "--python", python, place]


def install(python: str, place: str, pins: str) -> Argv:
    """Install pinned requirements into an environment, each file checked by its hash."""
    return [python, "-m", "uv", "pip", "install", "--quiet", "--require-hashes"] + [
        *("--python", f"{place}/bin/python"),
        *("--requirements", pins),
    ]


def safety(place: str, pins: str, directory: str = "") -> Argv:
    """Ask safety 2.x for advisories: its directory of advisories, or its server without one."""
    return [f"{place}/bin/python", "-m", "safety", "check", "--json", "--file", pins] + (
        ["--db", directory] if directory else []
    )


def pip_audit(place: str, pins: str, seconds: int) -> Argv:
    """Ask pip-audit for advisories on exactly these pins, nothing resolved or installed."""
    return [f"{place}/bin/python", "-m", "pip_audit", "--format=json", "--progress-spinner=off"] + [
        *("--no-deps", "--disable-pip", f"--timeout={seconds}"),
        *("--requirement", pins),
    ]


def pins_text(pins: Sequence[tuple[str, str]]) -> str:
    """Return pins as the text of a requirements file."""
    return "".join(f"{name}=={version}\n" for name, version in pins)
