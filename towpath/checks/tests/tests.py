"""Run the tests on each Python, the integration tests, and combine their coverage."""

from __future__ import annotations

import secrets
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath

from towpath.checks import judge, records
from towpath.checks.lint import linter as linting
from towpath.checks.records import ToolRecord
from towpath.checks.tests import facts
from towpath.checks.tests import tests_commands as commands
from towpath.config.workspace import Workspace
from towpath.core import environment as variables_of
from towpath.core import files
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.core.findings import ToolResult
from towpath.core.runner import Outcome
from towpath.core.suggest import nearest
from towpath.evidence import stage_inputs
from towpath.source import matrix as pythons
from towpath.source.files import listed

# Exit codes of pytest: wrong usage, and no tests collected.
USAGE, NO_TESTS = 4, 5
SEED = "--randomly-seed"
PARTS = "After --, give `unit`, `app` or paths, then options of pytest such as -k WORD."


def tests(workspace: Workspace, arguments: Sequence[str] = ()) -> None:
    """Run the tests on this Python; with arguments only a selection, without recording results.

    The session `coverage` judges them after all Pythons. Raises CommandFailedError if they fail,
    ConfigurationError for an unknown argument, and NothingToJudgeError if no test is selected.
    """
    name = pythons.cell(workspace.config, python(), _django())
    code = _run(workspace, "tests", name, commands.PARALLEL, arguments, {})
    if code:
        raise CommandFailedError(
            f"The tests on Python {python()} failed (pytest exit code {code})."
        )


def integration(workspace: Workspace, arguments: Sequence[str] = ()) -> None:
    """Start the services, run the integration tests against them, and judge the results.

    With arguments, only a selection runs, without a verdict. With externally provided services
    there may be no engine: the tests that need one are excluded, as the evidence records. Raises
    GateFailedError, NothingToJudgeError, and CommandFailedError for a failed selection.
    """
    if not arguments:
        records.begin(workspace, "integration")
    without = commands.WITHOUT_ENGINE if workspace.config.services_are_external else ()
    fixed = (*commands.INTEGRATION, *without)
    with services(workspace) as variables:
        code = _run(workspace, "integration", "integration", fixed, arguments, variables)
    if not arguments:
        judge.judge(workspace, "integration", facts.measure_integration)
    elif code:
        raise CommandFailedError(f"The tests failed (pytest exit code {code}).")


@contextmanager
def services(workspace: Workspace) -> Iterator[dict[str, str]]:
    """Start the services of the environment testing, yield their addresses, and stop them.

    The addresses are environment variables. With TOWPATH_SERVICES=given, nothing is started and the
    caller's variables are used. Raises CommandFailedError if a service does not start.
    """
    from towpath.environments import services as stack

    if workspace.config.services_are_external:
        workspace.terminal.say("Using externally provided services (TOWPATH_SERVICES=given).")
        yield variables_of.chosen(workspace.config.env, variables_of.SERVICES)
        return
    environment = workspace.config.environment("testing")
    try:
        with workspace.terminal.step("Start the services of the environment testing"):
            # A run that was killed may have left data.
            stack.services_down(workspace, environment, volumes=True)
            addresses = stack.services_up(workspace, environment)
        yield service_variables(addresses, workspace.config.state_of(environment) / "secrets")
    finally:
        stack.services_down(workspace, environment, volumes=True)


def python() -> str:
    """Return the version of the running Python in the form of classifiers, such as `3.12`."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def coverage(workspace: Workspace, arguments: Sequence[str] = ()) -> None:
    """Combine the coverage of every Python, and of the integration tests if they ran; then judge.

    Raises NothingToJudgeError without coverage data, ConfigurationError for any argument, and
    GateFailedError.
    """
    config = workspace.config
    if arguments:
        raise ConfigurationError(
            f"The coverage session takes no arguments, such as {arguments[0]!r}.",
            why="It combines and judges the coverage of all tests.",
        )
    records.begun(workspace, "tests")
    data = [
        str(file)
        for stage in ("tests", *_services_covered(workspace))
        for file in sorted(records.coverage_data(config, stage).glob("data*"))
    ]
    if not data:
        raise NothingToJudgeError(
            "The tests wrote no coverage data.", next_step="Run them: nox -s tests"
        )
    joined = config.reports / "coverage" / "joined"
    env = {"COVERAGE_FILE": str(joined)}
    for argv in commands.coverage(sys.executable, data, str(config.reports)):
        workspace.runner.run(argv, env=env)
    records.write_document(config, "coverage", "sources", {"files": _sources(workspace)})
    judge.judge(workspace, "tests", facts.measure_tests)


def _sources(workspace: Workspace) -> list[str]:
    """Return the Python files of the product, without tests."""
    found = listed(workspace)
    return [file for file in found.files if file.endswith(".py") and not _is_test(file)]


def _is_test(file: str) -> bool:
    *directories, name = PurePath(file).parts
    return "tests" in directories or name == "conftest.py" or name.startswith(("test_", "tests"))


def _services_covered(workspace: Workspace) -> tuple[str, ...]:
    """Return ("integration",) if its coverage is for the current files, otherwise ()."""
    if records.fits(workspace, "integration"):
        return ("integration",)
    if any(records.coverage_data(workspace.config, "integration").glob("data*")):
        workspace.terminal.say(
            "Ignoring the coverage of the integration tests: they ran on other source files"
        )
    return ()


def service_variables(addresses: Mapping[str, str], secrets: Path) -> dict[str, str]:
    """Return the variables with which the app connects to the services of an environment.

    `addresses` are hosts by service, `secrets` is the directory of the passwords.
    """
    return {
        "DATABASE_HOST": addresses["database"],
        "DATABASE_NAME": "dashboard",
        "DATABASE_USER": "dashboard_app",
        "DATABASE_PASSWORD_FILE": str(secrets / "database_app_password"),
        "CACHE_HOSTS": f"{addresses['cache']}:11211",
        "QUEUE_HOST": addresses["queue"],
        "QUEUE_USER": "dashboard",
        "QUEUE_PASSWORD_FILE": str(secrets / "queue_password"),
    }


def _django() -> str:
    """Return the series of the installed Django, such as `5.2`."""
    return ".".join(linting.version("django").split(".")[:2])


def _run(
    workspace: Workspace,
    stage: str,
    name: str,
    fixed: Sequence[str],
    arguments: Sequence[str],
    env: Mapping[str, str],
) -> int:
    """Run pytest, record its result unless arguments select tests, and return its exit code."""
    config = workspace.config
    env = {**stage_inputs.passed_on(config, stage), **env}
    _require_known(config.root, arguments)
    own = commands.picked(arguments)
    seed = None if any(word.startswith(SEED) for word in own) else secrets.randbits(32)
    options = [*fixed, *([] if seed is None else [f"{SEED}={seed}"]), *own]
    if seed is not None:
        workspace.terminal.say(f"Random order of the tests: {SEED}={seed}")
    if arguments:
        workspace.terminal.say(
            "Running a selection of the tests: no verdict and no evidence will be written."
        )
        argv = commands.pytest(sys.executable, options)
        ended = workspace.runner.run(argv, env=env, check=False, stream=True)
        _require_selection(ended, arguments)
        return ended.code
    report = records.junit(config, stage) / f"{name}.xml"
    data = records.coverage_data(config, stage)
    data.mkdir(parents=True, exist_ok=True)
    ended = workspace.runner.run(
        commands.pytest(sys.executable, options, junit=str(report)),
        env={**env, "COVERAGE_FILE": str(data / f"data-{name}")},
        check=False,
        log=config.log(f"pytest-{name}"),
        stream=True,
    )
    files.redact(report)
    record_result(workspace, stage, name, ended, seed)
    return ended.code


def record_result(
    workspace: Workspace, stage: str, name: str, ended: Outcome, seed: int | None = None
) -> None:
    """Record the result of pytest, with the end of its output unless all tests passed.

    `name` is the Python, or the cell of the matrix; `seed` that of the random order.
    """
    output = "" if ended.code in (0, NO_TESTS) else ended.tail()
    ran = ToolResult(ended.code, "", output, 1)
    version, seconds = linting.version("pytest"), round(ended.seconds, 3)
    records.write_record(workspace.config, stage, ToolRecord(name, version, seconds, ran, seed))


def _require_known(root: Path, arguments: Sequence[str]) -> None:
    """Raise ConfigurationError for an argument that is neither a group nor a path."""
    for word in arguments:
        if word.startswith("-"):
            return
        if word not in commands.GROUPS and not (root / word.partition("::")[0]).exists():
            raise ConfigurationError(
                f"Unknown tests {word!r}.{nearest(word, commands.GROUPS)}", next_step=PARTS
            )


def _require_selection(ended: Outcome, arguments: Sequence[str]) -> None:
    """Raise an error for arguments that pytest refuses, or that select no tests."""
    text = shlex.join(arguments)
    if ended.code == USAGE:
        raise ConfigurationError(
            f"pytest refused the arguments: {text}.", why=ended.tail(), next_step=PARTS
        )
    if ended.code == NO_TESTS:
        raise NothingToJudgeError(f"No tests match the arguments: {text}.")
