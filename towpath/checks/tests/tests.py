"""Tests: which ones run where, what they leave to be judged, and their coverage together."""

from __future__ import annotations

import secrets
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath

from towpath.checks import judge as judging
from towpath.checks import records
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
from towpath.evidence import record as stages
from towpath.source import matrix as pythons
from towpath.source.files import listed

# What pytest's own exit codes say beside 0 and 1.
USAGE, NO_TESTS = 4, 5
SEED = "--randomly-seed"
PARTS = "After -- stand `unit`, `app` or paths, then options of pytest, such as -k WORD."


def tests(workspace: Workspace, arguments: Sequence[str] = ()) -> None:
    """Run the tests on this Python; with arguments, only what they pick, and nothing is kept.

    Raises CommandFailedError if they did not pass. They are judged by `coverage`, when all Pythons
    have run.
    """
    name = pythons.cell(workspace.config, python(), _django())
    code = _run(workspace, "tests", name, commands.PARALLEL, arguments, {})
    if code:
        raise CommandFailedError(f"The tests on Python {python()} did not pass (pytest: {code}).")


def integration(workspace: Workspace, arguments: Sequence[str] = ()) -> None:
    """Run the tests against real services, which live as long as they run; then judge.

    With arguments only what they pick runs, and there is no verdict. Where the services are given
    there is no engine: the tests that need one are left out, and the evidence says so.
    """
    if not arguments:
        records.begin(workspace, "integration")
    without = commands.WITHOUT_ENGINE if workspace.config.services_given else ()
    fixed = (*commands.INTEGRATION, *without)
    with services(workspace) as variables:
        code = _run(workspace, "integration", "integration", fixed, arguments, variables)
    if not arguments:
        judging.judge(workspace, "integration", facts.measure_integration)
    elif code:
        raise CommandFailedError(f"The tests did not pass (pytest: {code}).")


@contextmanager
def services(workspace: Workspace) -> Iterator[dict[str, str]]:
    """Let the services of the environment testing live, and yield the variables to find them by.

    Where somebody else runs them, the caller's variables say where they are.
    """
    from towpath.environments import services as stack

    if workspace.config.services_given:
        workspace.terminal.say("The services are given: none is started here.")
        yield variables_of.chosen(workspace.config.env, variables_of.SERVICES)
        return
    environment = workspace.config.environment("testing")
    try:
        with workspace.terminal.step("services of the environment testing"):
            # What a killed run left behind is no ground for this one.
            stack.services_down(workspace, environment, volumes=True)
            addresses = stack.services_up(workspace, environment)
        yield service_variables(addresses, workspace.config.state_of(environment) / "secrets")
    finally:
        stack.services_down(workspace, environment, volumes=True)


def python() -> str:
    """Return the Python that runs us, as the classifiers write it: `3.12`."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def coverage(workspace: Workspace, arguments: Sequence[str] = ()) -> None:
    """Join the coverage data of every Python, and of the integration tests if they ran; then judge.

    Raises NothingToJudgeError if no test left any, ConfigurationError for any argument.
    """
    config = workspace.config
    if arguments:
        raise ConfigurationError(
            f"The coverage session takes no arguments, such as {arguments[0]!r}.",
            why="It joins what all tests left, and judges that.",
        )
    records.begun(workspace, "tests")
    data = [
        str(file)
        for stage in ("tests", *_services_covered(workspace))
        for file in sorted(records.coverage_data(config, stage).glob("data*"))
    ]
    if not data:
        raise NothingToJudgeError(
            "The tests left no coverage data.", next_step="Run them: nox -s tests"
        )
    joined = config.reports / "coverage" / "joined"
    env = {"COVERAGE_FILE": str(joined)}
    for argv in commands.coverage(sys.executable, data, str(config.reports)):
        workspace.runner.run(argv, env=env)
    records.write_document(config, "coverage", "sources", {"files": _sources(workspace)})
    judging.judge(workspace, "tests", facts.measure_tests)


def _sources(workspace: Workspace) -> list[str]:
    """Return the Python files of the product: all but those of tests."""
    found = listed(workspace)
    return [file for file in found.files if file.endswith(".py") and not _is_test(file)]


def _is_test(file: str) -> bool:
    *places, name = PurePath(file).parts
    return "tests" in places or name == "conftest.py" or name.startswith(("test_", "tests"))


def _services_covered(workspace: Workspace) -> tuple[str, ...]:
    """Return whether the coverage of the integration tests counts: what is of other files does not.

    It is the stage's name in a tuple, or an empty one.
    """
    if records.fits(workspace, "integration"):
        return ("integration",)
    if any(records.coverage_data(workspace.config, "integration").glob("data*")):
        workspace.terminal.say(
            "The integration tests ran on other files: their coverage is left out"
        )
    return ()


def service_variables(addresses: Mapping[str, str], secrets: Path) -> dict[str, str]:
    """Return the variables by which the app finds the services of an environment."""
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
    """Return the line of Django that is installed here, as `5.2`."""
    return ".".join(linting.version("django").split(".")[:2])


def _run(
    workspace: Workspace,
    stage: str,
    name: str,
    fixed: Sequence[str],
    arguments: Sequence[str],
    env: Mapping[str, str],
) -> int:
    """Run pytest, keep how it ended unless arguments pick a part, and return its exit code."""
    config = workspace.config
    env = {**stages.passed_on(config, stage), **env}
    _refuse_unknown(config.root, arguments)
    own = commands.picked(arguments)
    seed = None if any(word.startswith(SEED) for word in own) else secrets.randbits(32)
    options = [*fixed, *([] if seed is None else [f"{SEED}={seed}"]), *own]
    if seed is not None:
        workspace.terminal.say(f"The order of the tests comes from {SEED}={seed}")
    if arguments:
        workspace.terminal.say("A part of the tests: there will be no verdict and no evidence.")
        argv = commands.pytest(sys.executable, options)
        ended = workspace.runner.run(argv, env=env, check=False, stream=True)
        _refuse_nothing(ended, arguments)
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
    keep(workspace, stage, name, ended, seed)
    return ended.code


def keep(
    workspace: Workspace, stage: str, name: str, ended: Outcome, seed: int | None = None
) -> None:
    """Keep how pytest ended; what it said is in its log, and its end here unless all passed."""
    said = "" if ended.code in (0, NO_TESTS) else ended.tail()
    ran = ToolResult(ended.code, "", said, 1)
    version, seconds = linting.version("pytest"), round(ended.seconds, 3)
    records.write_record(workspace.config, stage, ToolRecord(name, version, seconds, ran, seed))


def _refuse_unknown(root: Path, arguments: Sequence[str]) -> None:
    """Say that a word before the options is neither a group nor a path: xdist does not."""
    for word in arguments:
        if word.startswith("-"):
            return
        if word not in commands.GROUPS and not (root / word.partition("::")[0]).exists():
            raise ConfigurationError(
                f"There are no tests {word!r}.{nearest(word, commands.GROUPS)}", next_step=PARTS
            )


def _refuse_nothing(ended: Outcome, arguments: Sequence[str]) -> None:
    """Say that the arguments are none of pytest's, or pick no test."""
    given = shlex.join(arguments)
    if ended.code == USAGE:
        raise ConfigurationError(
            f"pytest does not understand: {given}.", why=ended.tail(), next_step=PARTS
        )
    if ended.code == NO_TESTS:
        raise NothingToJudgeError(f"These arguments pick no test: {given}.")
