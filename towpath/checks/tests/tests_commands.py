"""The command lines of the tests and of their coverage. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Sequence

from towpath import gates

Argv = list[str]

# One process for each core; a process that is done takes over tests of another. Tables are created
# from the models without migrations, in a database that is reused while the models stay the same.
PARALLEL = ("--numprocesses=auto", "--dist=worksteal", "--reuse-db", "--no-migrations")
# These tests mostly wait for services, and each file stays in one process. The migrations run, in a
# new database.
INTEGRATION = (
    *("--numprocesses=3", "--dist=loadfile", "--create-db", "--migrations"),
    *("-m", "integration", "tests/integration"),
)
# For externally provided services, without an engine; pytest uses the last of two -m options.
WITHOUT_ENGINE = ("-m", "integration and not engine")
# One after another in one process, so that tests do not disturb each other's measurements.
PERFORMANCE = (
    *("-p", "no:randomly", "-p", "no:xdist", "--no-migrations", "--benchmark-columns=min,median"),
    "--benchmark-timer=time.process_time",
    "tests/performance",
)
# Options that override the project's settings where there is a verdict.
FIXED = ("-p", "towpath.checks.tools.deselected_tests", *gates.TESTS_UNJUDGED) + (
    *("--cov", "--cov-branch", "--cov-report="),
)
# What a failed test printed and logged is in its report, from where the page of the run has it.
JUNIT = ("-o", "junit_logging=all", "-o", "junit_log_passing_tests=false")
GROUPS = {"unit": "tests/unit", "app": "tests/app"}


def picked(arguments: Sequence[str]) -> list[str]:
    """Return arguments for pytest, with leading `unit` and `app` replaced by directories."""
    options = [number for number, word in enumerate(arguments) if word.startswith("-")]
    first = options[0] if options else len(arguments)
    return [GROUPS.get(word, word) for word in arguments[:first]] + list(arguments[first:])


def pytest(python: str, arguments: Sequence[str], *, junit: str = "", benchmark: str = "") -> Argv:
    """Return the command that runs tests.

    `junit` and `benchmark` are files for reports; with `junit`, coverage data is written to
    COVERAGE_FILE.
    """
    fixed = [*FIXED, *JUNIT, f"--junit-xml={junit}"] if junit else []
    measured = [f"--benchmark-json={benchmark}"] if benchmark else []
    return [python, "-m", "pytest", *fixed, *measured, *arguments]


def coverage(python: str, data: Sequence[str], reports: str) -> list[Argv]:
    """Return the commands that combine coverage data, and report it as JSON, XML and HTML."""
    tool = [python, "-m", "coverage"]
    quiet = ["--quiet", gates.COVERAGE_UNJUDGED]
    return [
        [*tool, "combine", "--keep", "--quiet", *data],
        [*tool, "json", *quiet, "-o", f"{reports}/coverage.json"],
        [*tool, "xml", *quiet, "-o", f"{reports}/coverage.xml"],
        [*tool, "html", *quiet, "--directory", f"{reports}/coverage/html"],
    ]
