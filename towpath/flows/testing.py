"""Tests: which ones run where, what they leave to be judged, and their coverage together."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from towpath.commands import testing as commands
from towpath.errors import CommandFailedError, NothingToJudgeError
from towpath.flows import judging, lint, pythons, records
from towpath.flows.records import Record
from towpath.flows.session import Session
from towpath.readers.findings import Ran


def tests(session: Session, arguments: Sequence[str] = ()) -> None:
    """Run the tests on this Python; with arguments, only what they pick, and nothing is kept.

    Raises CommandFailedError if they did not pass. They are judged by `coverage`, when all Pythons
    have run.
    """
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    name = pythons.cell(session.config, python, _django())
    code = _pytest(session, "tests", name, [*commands.PARALLEL, *arguments], bool(arguments), {})
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


def _django() -> str:
    """Return the line of Django that is installed here, as `5.2`."""
    return ".".join(lint.version("django").split(".")[:2])


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
    record = Record(
        name, lint.version("pytest"), round(ended.seconds, 3), Ran(ended.code, "", "", 1)
    )
    records.write(config, stage, record)
    return ended.code
