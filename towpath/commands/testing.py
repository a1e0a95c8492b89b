"""The command lines of the tests and of their coverage. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Sequence

Argv = list[str]

PARALLEL = ("--numprocesses=auto",)


# Most of that is waiting for services; each file has its own, and stays in one process.
INTEGRATION = ("--numprocesses=3", "--dist=loadfile", "-m", "integration", "tests/integration")


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
