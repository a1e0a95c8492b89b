"""Run the checks in containers, in parallel, each on its own copy of the working tree.

The stages are judged by the same gates as without containers.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from towpath import gates
from towpath.checks.tests import junit_reader as junit
from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import documents, environment, files, locks
from towpath.core.errors import (
    ConfigurationError,
    GateFailedError,
    LockedError,
    NothingToJudgeError,
    TowpathError,
)
from towpath.core.runner import Outcome, Running
from towpath.core.subject import Subject
from towpath.core.suggest import nearest
from towpath.environments import compose_commands as compose
from towpath.environments.compose_commands import Project
from towpath.environments.compose_project import project_name
from towpath.evidence import record as stages
from towpath.evidence import statement as evidence
from towpath.evidence import validity
from towpath.gates import Status
from towpath.images import bake
from towpath.images import stages as stages_of_build
from towpath.images.bake import Order
from towpath.source import copies as checkouts
from towpath.source import matrix as pythons

FILE = "compose/ci.yaml"
DEADLINE = 3600  # seconds that a service may run
# Bytes of reports that are copied from a service: logs, evidence, coverage.
LARGEST = 1 << 30
TARGET = "ci"
_AGAIN = "Run `invoke ci.run` again; clean the working tree first if files come from elsewhere."


@dataclass(frozen=True)
class Check:
    """A service of compose/ci.yaml.

    With a `stage`, the verdict comes from that stage's evidence, or from the JUnit file `report`;
    without one, from the exit code.
    """

    service: str
    stage: str = ""
    report: str = ""


# The slowest first, which shortens the total time.
CHECKS = (
    Check("build-test", "integration", "junit/build-test.xml"),
    Check("integration-tests", "integration"),
    Check("unit-tests", "tests"),
    Check("lint-check", "lint"),
    Check("security-scan", "security"),
    Check("ci-runner"),
)


@dataclass(frozen=True)
class ContainerHost:
    """The engine for the containers: its socket, its platform, and a runner for each service."""

    socket: Path
    platform: str
    runner: Callable[[str], Running]


@dataclass(frozen=True)
class Result:
    """The result of a service: verdict, exit code (None if it did not run), seconds, and a note."""

    service: str
    status: Status
    code: int | None
    seconds: float
    note: str


def chosen(names: Sequence[str]) -> tuple[Check, ...]:
    """Return the checks of these services, or all; raises ConfigurationError for unknown ones."""
    known = {check.service: check for check in CHECKS}
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"Unknown service {name!r}.{nearest(name, known)}",
                why=f"The services of {FILE} are {', '.join(known)}.",
            )
    return tuple(known[name] for name in dict.fromkeys(names)) or CHECKS


def run(workspace: Workspace, checks: Sequence[Check], host: ContainerHost) -> list[Result]:
    """Run these services in parallel, collect their reports, and remove the containers.

    A service that did not start is errored, never passed; see `require_passed` for the verdicts.
    Raises ConfigurationError without compose/ci.yaml, LockedError while another run uses the same
    containers, and CommandFailedError if the image or the copies cannot be made.
    """
    config = workspace.config
    if not (config.root / FILE).is_file():
        raise ConfigurationError(
            f"The project has no containers for its checks: there is no {FILE}.",
            why=f"invoke ci.run starts the services of {FILE} from the stage {TARGET} of the"
            " project's Dockerfile; Towpath renders neither.",
            next_step="Run the checks without containers: nox -s lint tests integration security",
        )
    stages_of_build.require_stage(stages_of_build.dockerfile_text(workspace), TARGET)
    with locks.opened(config.state / "ci" / "lock") as lock:
        lock.alone(busy=_refuse)
        image = _image(workspace, host.platform)
        results = _run(workspace, checks, host, image)
    _show(workspace, results)
    return results


def _refuse() -> NoReturn:
    raise LockedError(
        "Another `invoke ci.run` of this project runs on this machine.",
        why="Both runs would use the same containers.",
        next_step="Wait until it ends, or stop that process, which also releases the lock.",
    )


def require_passed(results: Iterable[Result]) -> None:
    """Raise GateFailedError if a service failed, NothingToJudgeError if one is errored."""
    if error := _error(list(results)):
        raise error


def _image(workspace: Workspace, platform: str) -> str:
    """Build the image of the checks into the engine; it has the tools and no source code."""
    wanted = {"PYTHONS": " ".join(pythons.selected(workspace.config))}
    with workspace.terminal.step("Build the image for the checks"):
        return bake.build_locally(workspace, Order((TARGET,), (platform,), wanted, {}), TARGET)


def _run(
    workspace: Workspace, checks: Sequence[Check], host: ContainerHost, image: str
) -> list[Result]:
    reports = workspace.config.reports / "ci"
    work = reports / "work"
    project = Project(project_name(workspace.config, TARGET), (FILE,))
    env = environment.of_sessions(workspace.config.env) | _variables(host, work, image)
    try:
        with workspace.terminal.step("Copy the working tree for each service"):
            made_of = checkouts.make_copy(workspace, [work / check.service for check in checks])
            roots = {check.service: work / check.service / made_of.prefix for check in checks}
            for root in roots.values():
                (root / "reports").mkdir(exist_ok=True)
            (work / "tmp").mkdir(exist_ok=True)
        env["TOWPATH_CI_DIRECTORY"] = made_of.prefix
        ended = _all(workspace, project, checks, host, env)
        for check in checks:
            left = _collect_reports(roots[check.service] / "reports", reports / check.service)
            if left:
                workspace.terminal.warn(
                    f"{check.service}: not copied from its reports: {', '.join(left)}"
                )
        return [
            _judge(workspace, check, outcome, made_of.subject)
            for check, outcome in zip(checks, ended, strict=True)
        ]
    finally:
        workspace.runner.run(compose.down(project, volumes=True), env=env, check=False)
        shutil.rmtree(work, ignore_errors=True)


def _all(
    workspace: Workspace,
    project: Project,
    checks: Sequence[Check],
    host: ContainerHost,
    env: Mapping[str, str],
) -> list[Outcome | TowpathError]:
    """Run every service, as many in parallel as there are cores."""
    config, mounts = workspace.config, _mounts(workspace)
    down = compose.down(project, volumes=True)
    # A run that was killed may have left containers.
    workspace.runner.run(down, env=env, check=False)
    # Creates the networks, which the services would otherwise create at the same time.
    workspace.runner.run(compose.create(project, checks[-1].service), env=env)

    def one(check: Check) -> Outcome | TowpathError:
        named = config.variables.get(check.stage, ())
        passed = environment.chosen(config.env, named)
        argv = compose.check(project, check.service, mounts, passed)
        log = config.log(f"ci-{check.service}")
        try:
            return host.runner(check.service).run(
                argv, env={**env, **passed}, check=False, timeout=DEADLINE, log=log, stream=True
            )
        except TowpathError as error:
            return error

    pool = ThreadPoolExecutor(max_workers=os.cpu_count())
    futures: list[Future[Outcome | TowpathError]] = [pool.submit(one, check) for check in checks]
    try:
        return [future.result() for future in futures]
    finally:
        # After Ctrl-C this stops the containers, and with them the threads that wait for them.
        for future in futures:
            future.cancel()
        workspace.runner.run(down, env=env, check=False)
        pool.shutdown()


def _variables(host: ContainerHost, work: Path, image: str) -> dict[str, str]:
    """Return the variables of the Compose file."""
    return {
        "TOWPATH_CI_IMAGE": image,
        "TOWPATH_CI_WORK": str(work),
        "TOWPATH_CI_PASSWORD": secrets.token_hex(16),
        "TOWPATH_CI_SOCKET": str(host.socket),
        "TOWPATH_CI_SOCKET_GROUP": str(host.socket.stat().st_gid),
        "TOWPATH_UID": str(os.getuid()),
        "TOWPATH_GID": str(os.getgid()),
    }


def _mounts(workspace: Workspace) -> list[str]:
    """Return the files of this machine that the checks also see: certificates and advisories.

    A relative path of advisories refers to the copy of the working tree.
    """
    env = workspace.config.env
    advisories = env.get("TOWPATH_ADVISORIES", "")
    directory = advisories if Path(advisories).is_absolute() else ""
    return [*filter(None, [bake.certificates(env), directory])]


def _collect_reports(source: Path, target: Path) -> list[str]:
    """Copy the reports of a service, and return what was not copied.

    They are untrusted: a symbolic link could point at any file of this machine.
    """
    shutil.rmtree(target, ignore_errors=True)
    if not source.is_dir() or source.is_symlink():
        return [source.name] if source.is_symlink() else []
    return files.copy_plain(source, target, LARGEST)


def _judge(
    workspace: Workspace, check: Check, ended: Outcome | TowpathError, subject: Subject
) -> Result:
    """Return the verdict on a service according to its evidence, if that is valid."""
    if isinstance(ended, TowpathError):
        return Result(check.service, Status.ERRORED, None, 0.0, " ".join(ended.lines()))
    try:
        status, note = _verdict(workspace, check, ended, subject)
    except NothingToJudgeError as error:
        status, note = Status.ERRORED, " ".join(error.lines())
    if status is Status.PASSED and not ended.ok:
        status, note = (
            Status.ERRORED,
            f"Its gates passed, but it ended with exit code {ended.code}.",
        )
    return Result(check.service, status, ended.code, ended.seconds, note)


def _verdict(
    workspace: Workspace, check: Check, ended: Outcome, subject: Subject
) -> tuple[Status, str]:
    """Return the verdict of a service and a note, from its exit code, report or evidence."""
    if not check.stage:
        return (Status.PASSED, "") if ended.ok else (Status.ERRORED, ended.tail())
    reports = workspace.config.reports / "ci" / check.service
    if check.report:
        file = reports / check.report
        text = file.read_text() if file.is_file() else ""
        return _by_report(workspace.config, check, text, ended)
    return _by_evidence(workspace.config, check, reports, ended, subject)


def _by_evidence(
    config: Config, check: Check, reports: Path, ended: Outcome, subject: Subject
) -> tuple[Status, str]:
    """Return the verdict of a stage's evidence, if it is valid and for these files."""
    file = reports / "evidence" / f"{check.stage}.json"
    if not file.is_file():
        raise NothingToJudgeError(f"The check {check.service} wrote no evidence.", why=ended.tail())
    statement = evidence.decode(files.read_bounded(file, documents.BYTES), file.name)
    if statement.subject != subject:
        raise NothingToJudgeError(
            f"The evidence that the check {check.service} wrote is about other source files.",
            next_step=_AGAIN,
        )
    if statement.stage != check.stage:
        raise NothingToJudgeError(
            f"The evidence that the check {check.service} wrote is about the stage "
            f"{statement.stage}, not {check.stage}.",
            next_step=_AGAIN,
        )
    against = validity.reasons(statement, stages.rules(config))
    if statement.status is Status.PASSED and against:
        raise NothingToJudgeError(
            f"The evidence that the check {check.service} wrote is not valid.",
            why="; ".join(against),
        )
    return statement.status, statement.reason or _verdicts(statement.verdicts)


def _by_report(config: Config, check: Check, text: str, ended: Outcome) -> tuple[Status, str]:
    """Judge tests that are a part of a stage by the gates of that stage."""
    if not text:
        raise NothingToJudgeError(f"The check {check.service} wrote no report.", why=ended.tail())
    counts = junit.read_junit(text, check.report)
    facts = {
        "tests_run": counts.run,
        "tests_failed": counts.failed,
        "tests_skipped": counts.skipped,
    }
    verdicts = stages.verdicts(config, check.stage, facts)
    return gates.worst(row.status for row in verdicts), "; ".join(row.reason for row in verdicts)


def _verdicts(rows: Iterable[Mapping[str, object]]) -> str:
    return "; ".join(str(row["reason"]) for row in rows)


def _show(workspace: Workspace, results: Sequence[Result]) -> None:
    order = {check.service: number for number, check in enumerate(reversed(CHECKS))}
    workspace.terminal.table(
        "Checks in containers",
        ("service", "verdict", "code", "time", ""),
        [
            (
                row.service,
                str(row.status),
                "-" if row.code is None else str(row.code),
                f"{row.seconds:.1f} s",
                row.note,
            )
            for row in sorted(results, key=lambda row: order[row.service])
        ],
    )
    workspace.terminal.say("Reports of the services are in reports/ci, their logs in reports/logs.")


def _error(results: Sequence[Result]) -> TowpathError | None:
    """Return the error of the worst verdict: exit code 4 for a failed gate, 3 for no verdict."""
    worst = gates.worst(row.status for row in results)
    bad = ", ".join(row.service for row in results if row.status is worst)
    notes = " ".join(row.note for row in results if row.status is worst)
    logs = "See reports/logs/ci-SERVICE.log."
    if worst is Status.FAILED:
        return GateFailedError(f"Failed: {bad}.", why=notes, next_step=logs)
    if worst is Status.ERRORED:
        return NothingToJudgeError(f"No verdict: {bad}.", why=notes, next_step=logs)
    return None
