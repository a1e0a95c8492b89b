"""The checks: which tools run, side by side or in order, and what they leave to be judged."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

from towpath.commands import checks as commands
from towpath.commands.checks import Linter
from towpath.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.flows import advisories, judging, records
from towpath.flows.records import Record
from towpath.flows.session import Session
from towpath.readers import requirements
from towpath.readers.findings import Ran

DEADLINE = 900


def lint(session: Session) -> None:
    """Run every linter, all of them whatever one says, two or more at a time; then judge."""
    records.begin(session, "lint")
    files = python_files(session)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(lambda tool: _lint_with(session, "lint", tool, files), commands.LINTERS))
    judging.judge(session, "lint")


def security(session: Session) -> None:
    """Ask bandit about our code and a source of advisories about our dependencies; then judge."""
    records.begin(session, "security")
    _lint_with(session, "security", commands.BANDIT, python_files(session))
    with session.terminal.step("advisories on the dependencies of the product"):
        _ask_advisories(session)
    judging.judge(session, "security")


def tests(session: Session, arguments: Sequence[str] = ()) -> None:
    """Run the tests on this Python; with arguments, only what they pick, and nothing is kept.

    Raises CommandFailedError if they did not pass. They are judged by `coverage`, when all Pythons
    have run.
    """
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    code = _pytest(session, "tests", python, [*commands.PARALLEL, *arguments], bool(arguments), {})
    if code:
        raise CommandFailedError(f"The tests on Python {python} did not pass (pytest: {code}).")


def integration(session: Session, arguments: Sequence[str] = ()) -> None:
    """Run the tests against real services, which live as long as they run; then judge.

    With arguments only what they pick runs, and there is no verdict.
    """
    from towpath.flows import stack

    if not arguments:
        records.begin(session, "integration")
    environment = session.config.environment("testing")
    try:
        with session.terminal.step("services of the environment testing"):
            # What a killed run left behind is no ground for this one.
            stack.services_down(session, environment, volumes=True)
            addresses = stack.services_up(session, environment)
        code = _pytest(
            session,
            "integration",
            "integration",
            [*commands.INTEGRATION, *arguments],
            bool(arguments),
            service_variables(addresses, session.config.state_of(environment) / "secrets"),
        )
    finally:
        stack.services_down(session, environment, volumes=True)
    if not arguments:
        judging.judge(session, "integration")
    elif code:
        raise CommandFailedError(f"The tests did not pass (pytest: {code}).")


def coverage(session: Session) -> None:
    """Join the coverage data of every Python, and of the integration tests if they ran; then judge.

    Raises NothingToJudgeError if no test left any.
    """
    config = session.config
    records.begun(session, "tests")
    data = [
        str(file)
        for stage in ("tests", "integration")
        for file in sorted(records.coverage_data(config, stage).glob("data*"))
    ]
    if not data:
        raise NothingToJudgeError(
            "The tests left no coverage data.", next_step="Run them: nox -s tests"
        )
    joined = config.reports / "coverage" / "joined"
    env = {"COVERAGE_FILE": str(joined)}
    for argv in commands.coverage(sys.executable, data, str(config.reports)):
        session.runner.run(argv, env=env)
    judging.judge(session, "tests")


def service_variables(addresses: Mapping[str, str], secrets: Path) -> dict[str, str]:
    """Return the variables by which the app finds the services of an environment."""
    return {
        "DATABASE_HOST": addresses["database"],
        "DATABASE_NAME": "dashboard",
        "DATABASE_USER": "dashboard",
        "DATABASE_PASSWORD_FILE": str(secrets / "database_password"),
        "CACHE_HOSTS": f"{addresses['cache']}:11211",
        "QUEUE_HOST": addresses["queue"],
        "QUEUE_USER": "dashboard",
        "QUEUE_PASSWORD_FILE": str(secrets / "queue_password"),
    }


def python_files(session: Session) -> list[str]:
    """Return the project's Python files that are there, as paths below its root."""
    listed = session.runner.run(commands.python_files()).stdout.split("\0")
    return [name for name in listed if name and (session.config.root / name).is_file()]


def version(package: str) -> str:
    """Return the version of a package in this environment, or "missing"."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _lint_with(session: Session, stage: str, tool: Linter, files: Sequence[str]) -> None:
    """Run one linter and keep how it ended; one that cannot start has ended too, badly."""
    given = commands.under_judgement(files, tests=tool.judges_tests)
    started = time.monotonic()
    log = session.config.reports / "logs" / f"{tool.name}.log"
    try:
        ended = session.runner.run(
            tool.argv(sys.executable, given), check=False, timeout=DEADLINE, log=log
        )
        ran = Ran(ended.code, ended.stdout, ended.stderr, len(given))
    except CommandFailedError as error:
        ran = Ran(-1, "", f"{error.what} {error.why}", len(given))
    seconds = time.monotonic() - started
    record = Record(tool.name, version(tool.name), round(seconds, 3), ran)
    records.write(session.config, stage, record)
    session.terminal.say(f"  {tool.name} ended after {seconds:.1f} s")


def _ask_advisories(session: Session) -> None:
    """Keep what a source of advisories said, or why none could be asked."""
    file = session.config.root / "requirements" / "production.txt"
    if not file.is_file():
        raise ConfigurationError(
            "There is no requirements/production.txt: what the product needs is not known.",
            next_step="Write requirements/production.in, then run ./dev nox -s requirements",
        )
    try:
        pins = requirements.read(file.read_text(encoding="utf-8"), file.name)
        found = advisories.audit(session, pins)
    except NothingToJudgeError as error:
        records.keep(
            session.config, "security", "advisories", {"reason": f"{error.what} {error.why}"}
        )
    else:
        records.keep(session.config, "security", "advisories", found.as_json())


def _pytest(
    session: Session,
    stage: str,
    name: str,
    arguments: Sequence[str],
    partial: bool,
    env: Mapping[str, str],
) -> int:
    """Run pytest, keep how it ended unless it is a partial run, and return its exit code."""
    config = session.config
    if partial:
        session.terminal.say("A part of the tests: there will be no verdict and no evidence.")
        argv = commands.pytest(sys.executable, arguments)
        return session.runner.run(argv, env=env, check=False, stream=True).code
    report = records.junit(config, stage) / f"{name}.xml"
    data = records.coverage_data(config, stage)
    data.mkdir(parents=True, exist_ok=True)
    ended = session.runner.run(
        commands.pytest(sys.executable, arguments, junit=str(report)),
        env={**env, "COVERAGE_FILE": str(data / f"data-{name}")},
        check=False,
        log=config.reports / "logs" / f"pytest-{name}.log",
        stream=True,
    )
    record = Record(name, version("pytest"), round(ended.seconds, 3), Ran(ended.code, "", "", 1))
    records.write(config, stage, record)
    return ended.code
