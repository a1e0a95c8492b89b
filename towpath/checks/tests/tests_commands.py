"""The command lines of the tests and of their coverage. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from towpath import gates

Argv = list[str]
# Our subclass of the test runner that the project's settings name.
RUNNER = "towpath.checks.tools.django_tests.ReportingRunner"

# One process for each core; a process that is done takes over tests of another.
PARALLEL = ("--numprocesses=auto", "--dist=worksteal")
# For externally provided services, without an engine; pytest uses the last of two -m options.
WITHOUT_ENGINE = ("-m", "integration and not engine")
# One after another in one process, so that tests do not disturb each other's measurements.
PERFORMANCE_TESTS = "tests/performance"
PERFORMANCE = (
    *("-p", "no:randomly", "-p", "no:xdist", "--no-migrations", "--benchmark-columns=min,median"),
    "--benchmark-timer=time.process_time",
    PERFORMANCE_TESTS,
)
# Options that override the project's settings where there is a verdict.
FIXED = ("-p", "towpath.checks.tools.deselected_tests", *gates.TESTS_UNJUDGED)
MEASURED = ("--cov", "--cov-branch", "--cov-report=")
# Overrides --cov of the project's own settings.
UNMEASURED = ("--no-cov",)
# What a failed test printed and logged is in its report, from where the page of the run has it.
JUNIT = ("-o", "junit_logging=all", "-o", "junit_log_passing_tests=false")


def picked(arguments: Sequence[str], parts: Mapping[str, str]) -> list[str]:
    """Return arguments for the runner, with leading names of parts replaced by their paths."""
    options = [number for number, word in enumerate(arguments) if word.startswith("-")]
    first = options[0] if options else len(arguments)
    return [parts.get(word, word) for word in arguments[:first]] + list(arguments[first:])


def parallel(options: Sequence[str]) -> tuple[str, ...]:
    """Return the options for several processes, unless the project's own already decide."""
    own = any(row.startswith(("-n", "--numprocesses", "--dist")) for row in options)
    return () if own else PARALLEL


def pytest(
    python: str,
    arguments: Sequence[str],
    *,
    junit: str = "",
    rcfile: str = "",
    benchmark: str = "",
) -> Argv:
    """Return the command that runs tests.

    `junit` and `benchmark` are files for reports; with `rcfile`, the settings of coverage, its data
    is written to COVERAGE_FILE.
    """
    coverage = [*MEASURED, f"--cov-config={rcfile}"] if rcfile else UNMEASURED
    fixed = [*FIXED, *JUNIT, *coverage, f"--junit-xml={junit}"] if junit else []
    measured = [f"--benchmark-json={benchmark}"] if benchmark else []
    return [python, "-m", "pytest", *fixed, *measured, *arguments]


def django(
    python: str,
    manage: str,
    arguments: Sequence[str],
    *,
    recorded: bool = False,
    rcfile: str = "",
    settings: str = "",
    parallel: bool = False,
) -> Argv:
    """Return the command of `manage.py test`, with the project's own runner.

    With `recorded`, the report goes to DJANGO_JUNIT_REPORT; with `rcfile`, the settings of
    coverage, its data goes to COVERAGE_FILE.
    """
    measured = ["-m", "coverage", "run", f"--rcfile={rcfile}"] if rcfile else []
    reporting = [f"--testrunner={RUNNER}"] if recorded else []
    several = ["--parallel"] if parallel else []
    named = [f"--settings={settings}"] if settings else []
    folder = str(PurePosixPath(manage).parent)
    labels = [] if folder == "." or any(not row.startswith("-") for row in arguments) else [folder]
    options = [*several, "--noinput", *reporting, *named]
    return [python, *measured, manage, "test", *options, *arguments, *labels]


def coverage(python: str, data: Sequence[str], reports: str, rcfile: str) -> list[Argv]:
    """Return the commands that combine coverage data, and report it as JSON, XML and HTML."""
    tool = [python, "-m", "coverage"]
    quiet = [f"--rcfile={rcfile}", "--quiet", gates.COVERAGE_UNJUDGED]
    return [
        [*tool, "combine", f"--rcfile={rcfile}", "--keep", "--quiet", *data],
        [*tool, "json", *quiet, "-o", f"{reports}/coverage.json"],
        [*tool, "xml", *quiet, "-o", f"{reports}/coverage.xml"],
        [*tool, "html", *quiet, "--directory", f"{reports}/coverage/html"],
    ]
