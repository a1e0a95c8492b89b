"""The command lines of the tests and of their coverage. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Sequence

from towpath import gates

Argv = list[str]

# One process for each core. Each begins with a part of its own, whose fixtures it makes once; one
# that has ended takes over what another has left. Migrations are not the point here: tables are
# made from the models, in a database that is kept while they stay the same.
PARALLEL = ("--numprocesses=auto", "--dist=worksteal", "--reuse-db", "--no-migrations")
# Most of that is waiting for services; each file has its own, and stays in one process. Here the
# migrations run for real, in a database made anew.
INTEGRATION = (
    *("--numprocesses=3", "--dist=loadfile", "--create-db", "--migrations"),
    *("-m", "integration", "tests/integration"),
)
# Where services are given there is no engine; of two such options pytest takes the last.
WITHOUT_ENGINE = ("-m", "integration and not engine")
# One after another in one process: nothing of ours may disturb what is measured.
PERFORMANCE = (
    *("-p", "no:randomly", "-p", "no:xdist", "--no-migrations", "--benchmark-columns=min,median"),
    "--benchmark-timer=time.process_time",
    "tests/performance",
)
# What the project's settings may not change where there is a verdict.
KEPT = ("-p", "towpath.checks.tools.left_out_tests", *gates.TESTS_UNJUDGED) + (
    *("--cov", "--cov-branch", "--cov-report="),
)
GROUPS = {"unit": "tests/unit", "app": "tests/app"}


def picked(arguments: Sequence[str]) -> list[str]:
    """Return arguments for pytest: `unit` and `app`, where they come first, are directories."""
    options = [number for number, word in enumerate(arguments) if word.startswith("-")]
    first = options[0] if options else len(arguments)
    return [GROUPS.get(word, word) for word in arguments[:first]] + list(arguments[first:])


def pytest(python: str, arguments: Sequence[str], *, junit: str = "", benchmark: str = "") -> Argv:
    """Run tests.

    With `junit` write that report, and coverage data where COVERAGE_FILE says; with `benchmark`
    write that report of what was measured.
    """
    kept = [*KEPT, f"--junit-xml={junit}"] if junit else []
    measured = [f"--benchmark-json={benchmark}"] if benchmark else []
    return [python, "-m", "pytest", *kept, *measured, *arguments]


def coverage(python: str, data: Sequence[str], reports: str) -> list[Argv]:
    """Join coverage data into the file that COVERAGE_FILE names, and report it in three forms."""
    tool = [python, "-m", "coverage"]
    quiet = ["--quiet", gates.COVERAGE_UNJUDGED]
    return [
        [*tool, "combine", "--keep", "--quiet", *data],
        [*tool, "json", *quiet, "-o", f"{reports}/coverage.json"],
        [*tool, "xml", *quiet, "-o", f"{reports}/coverage.xml"],
        [*tool, "html", *quiet, "--directory", f"{reports}/coverage/html"],
    ]
