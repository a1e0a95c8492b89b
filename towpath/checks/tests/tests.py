"""Run the tests on each Python, the integration tests, and combine their coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from towpath.checks import judge, records, tool_versions
from towpath.checks.tests import facts
from towpath.checks.tests import tests_commands as commands
from towpath.checks.tests.run import SuiteRun, coverage_file, name_paths, run_tests
from towpath.config import Config
from towpath.config import variables as product
from towpath.config.checking import DJANGO
from towpath.config.workspace import Workspace
from towpath.core import environment as variables_of
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.core.inputs import ignored
from towpath.source import matrix as pythons
from towpath.source.files import listed


def tests(workspace: Workspace, arguments: Sequence[str] = ()) -> None:
    """Run the tests on this Python; with arguments only a selection, without recording results.

    With `services` in their settings, those of the environment testing are there. The session
    `coverage` judges the tests after all Pythons. Raises CommandFailedError if they fail,
    ConfigurationError for an unknown argument, and NothingToJudgeError if no test is selected.
    """
    config = workspace.config
    name = pythons.cell(config, python(config), _django(config))
    kind = config.tests
    own = () if kind.runner == DJANGO or not kind.parallel else commands.parallel(kind.options)
    made_up = kind.variables()
    wanted = made_up or config.product_env
    with services(workspace, wanted) if kind.services else nullcontext(made_up) as variables:
        started = SuiteRun("tests", name, (*own, *kind.options), env=variables)
        code = run_tests(workspace, started, arguments)
    if code:
        raise CommandFailedError(
            f"The tests on Python {python(config)} failed (exit code {code} of {kind.runner})."
        )


def integration(workspace: Workspace, arguments: Sequence[str] = ()) -> None:
    """Start the services, run the integration tests against them, and judge the results.

    With arguments, only a selection runs, without a verdict. With externally provided services
    there may be no engine: the tests that need one are excluded, as the evidence records. Raises
    GateFailedError, NothingToJudgeError, and CommandFailedError for a failed selection. Raises
    ConfigurationError for arguments that select no tests.
    """
    config, kind = workspace.config, workspace.config.integration
    if not arguments:
        records.begin(workspace, "integration")
        if not kind.paths:
            judge.judge(workspace, "integration", facts.measure_integration)
            return
    more = kind.external_options if config.services_are_external else ()
    paths = () if name_paths(config.root, arguments) else kind.paths
    with services(workspace) as variables:
        started = SuiteRun("integration", "integration", (*kind.options, *more, *paths), variables)
        code = run_tests(workspace, started, arguments)
    if not arguments:
        judge.judge(workspace, "integration", facts.measure_integration)
    elif code:
        raise CommandFailedError(f"The tests failed (pytest exit code {code}).")


@contextmanager
def services(
    workspace: Workspace, own: Mapping[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """Start the services of the environment testing, yield their addresses, and stop them.

    The addresses are environment variables: `own` ones of the tests, else those of the integration
    tests or of the product. With TOWPATH_SERVICES=given, nothing is started and the
    caller's variables are used. Raises CommandFailedError if a service does not start.
    """
    from towpath.environments import services as stack

    if workspace.config.services_are_external:
        workspace.terminal.say("Using externally provided services (TOWPATH_SERVICES=given).")
        yield {**(own or {}), **variables_of.chosen(workspace.config.env, variables_of.SERVICES)}
        return
    environment = workspace.config.environment("testing")
    try:
        with workspace.terminal.step("Start the services of the environment testing"):
            # A run that was killed may have left data.
            stack.services_down(workspace, environment, volumes=True)
            addresses = stack.services_up(workspace, environment)
        secrets = stack.secrets_for_processes(workspace, environment)
        yield service_variables(workspace.config, addresses, secrets, own)
    finally:
        stack.services_down(workspace, environment, volumes=True)


def python(config: Config) -> str:
    """Return the version of the Python that runs the tests, in the form of classifiers: `3.12`."""
    return tool_versions.python_version(config.tool_python)


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
    rcfile = str(coverage_file(workspace))
    for argv in commands.coverage(config.tool_python, data, str(config.reports), rcfile):
        workspace.runner.run(argv, env=env)
    records.write_document(config, "coverage", "sources", {"files": _sources(workspace)})
    judge.judge(workspace, "tests", facts.measure_tests)


def _sources(workspace: Workspace) -> list[str]:
    """Return the Python files of the product, without tests."""
    found = listed(workspace)
    tests = set(ignored(found.files, workspace.config.tests.files))
    return [file for file in found.files if file.endswith(".py") and file not in tests]


def _services_covered(workspace: Workspace) -> tuple[str, ...]:
    """Return ("integration",) if its coverage is for the current files, otherwise ()."""
    if records.fits(workspace, "integration"):
        return ("integration",)
    if any(records.coverage_data(workspace.config, "integration").glob("data*")):
        workspace.terminal.say(
            "Ignoring the coverage of the integration tests: they ran on other source files"
        )
    return ()


def service_variables(
    config: Config,
    addresses: Mapping[str, str],
    secrets: Path,
    own: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the variables with which the tests connect to the services of an environment.

    They are `own`, the project's for the integration tests, or those of the product. `addresses`
    are hosts by service, `secrets` is the directory of the passwords.
    """
    services = {
        name: replace(row, reached=addresses.get(name, row.reached))
        for name, row in config.services.items()
    }
    later = {product.HOSTS: "localhost,127.0.0.1,testserver", product.ENVIRONMENT: "testing"}
    later |= dict.fromkeys(product.RELEASE, "")
    rows = own or config.integration.env or config.product_env

    def secret(name: str) -> str:
        return (secrets / name).read_text(encoding="utf-8").strip()

    return {
        name: product.resolve(text, services, secret, later, str(secrets))
        for name, text in rows.items()
    }


def _django(config: Config) -> str:
    """Return the series of the installed Django, such as `5.2`."""
    return ".".join(tool_versions.version("django", config.tool_python).split(".")[:2])
