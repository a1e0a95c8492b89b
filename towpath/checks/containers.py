"""The checks in containers: each on a copy of the working tree, side by side, judged as outside."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from towpath import gates
from towpath.checks.tests import junit_reader as junit
from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import documents, environment, files
from towpath.core.errors import (
    ConfigurationError,
    GateFailedError,
    NothingToJudgeError,
    TowpathError,
)
from towpath.core.runner import Outcome, Running
from towpath.core.subject import Subject
from towpath.core.suggest import nearest
from towpath.environments import compose_commands as compose
from towpath.environments.compose_commands import Project
from towpath.evidence import judgement
from towpath.evidence import record as stages
from towpath.evidence import statement as evidence
from towpath.evidence.journal import locked
from towpath.gates import Status
from towpath.images import bake
from towpath.images.bake import Order
from towpath.source import copies as checkouts
from towpath.source import matrix as pythons

FILE = "compose/ci.yaml"
DEADLINE = 3600
# Bytes that a service may report: logs, evidence, coverage.
LARGEST = 1 << 30
TARGET = "ci"


@dataclass(frozen=True)
class Check:
    """A service of compose/ci.yaml; `stage` is judged, by its evidence or by a JUnit report."""

    service: str
    stage: str = ""
    report: str = ""


# The slowest first: nothing long is left when everything else has ended.
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
    """Where containers run: the engine's socket, its platform, and a runner for each service."""

    socket: Path
    platform: str
    runner: Callable[[str], Running]


@dataclass(frozen=True)
class Result:
    """How a service ended: its verdict, its exit code (None: it has none), seconds, a few words."""

    service: str
    status: Status
    code: int | None
    seconds: float
    note: str


def chosen(names: Sequence[str]) -> tuple[Check, ...]:
    """Return the checks of these services, all without a name; raises ConfigurationError."""
    known = {check.service: check for check in CHECKS}
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"There is no service {name!r}.{nearest(name, known)}",
                why=f"{FILE} has {', '.join(known)}.",
            )
    return tuple(known[name] for name in dict.fromkeys(names)) or CHECKS


def run(workspace: Workspace, checks: Sequence[Check], place: ContainerHost) -> list[Result]:
    """Run these services side by side, gather what they report, and take everything down.

    Raises GateFailedError if one failed, NothingToJudgeError if one could not be judged: a service
    that did not start is never passed. LockedError where another run has the same containers.
    """
    config = workspace.config
    if not (config.root / FILE).is_file():
        raise ConfigurationError(
            f"There is no {FILE}.", next_step="Copy it from Towpath's own repository."
        )
    with locked(
        config.state / "ci" / "lock",
        stages.stamp(stages.now()),
        workspace.terminal.warn,
        "Both would have the same containers.",
    ):
        image = _image(workspace, place.platform)
        results = _run(workspace, checks, place, image)
    _tell(workspace, results)
    return results


def require_passed(results: Iterable[Result]) -> None:
    """Raise for the worst of the verdicts."""
    if error := _error(list(results)):
        raise error


def _image(workspace: Workspace, platform: str) -> str:
    """Build the image of the checks into the engine; it holds tools only, and no source."""
    wanted = {"PYTHONS": " ".join(pythons.wanted(workspace.config))}
    with workspace.terminal.step("The image of the checks"):
        return bake.keep(workspace, Order((TARGET,), (platform,), wanted, {}), TARGET)


def _run(
    workspace: Workspace, checks: Sequence[Check], place: ContainerHost, image: str
) -> list[Result]:
    reports = workspace.config.reports / "ci"
    work = reports / "work"
    project = Project(f"{workspace.config.name}-{TARGET}", (FILE,))
    env = environment.of_sessions(workspace.config.env) | _variables(place, work, image)
    try:
        with workspace.terminal.step("A copy of the working tree for each service"):
            made_of = checkouts.make_copy(workspace, [work / check.service for check in checks])
            roots = {check.service: work / check.service / made_of.prefix for check in checks}
            for root in roots.values():
                (root / "reports").mkdir(exist_ok=True)
            (work / "tmp").mkdir(exist_ok=True)
        env["TOWPATH_CI_DIRECTORY"] = made_of.prefix
        ended = _all(workspace, project, checks, place, env)
        for check in checks:
            left = _gather(roots[check.service] / "reports", reports / check.service)
            if left:
                workspace.terminal.warn(f"{check.service}: not taken over: {', '.join(left)}")
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
    place: ContainerHost,
    env: Mapping[str, str],
) -> list[Outcome | TowpathError]:
    """Run every service to its end, as many at a time as there are cores."""
    config, mounts = workspace.config, _mounts(workspace)
    down = compose.down(project, volumes=True)
    # What a killed run left behind is no ground for this one.
    workspace.runner.run(down, env=env, check=False)
    # The networks, before several would make them at once.
    workspace.runner.run(compose.create(project, checks[-1].service), env=env)

    def one(check: Check) -> Outcome | TowpathError:
        named = config.variables.get(check.stage, ())
        passed = environment.chosen(config.env, named)
        argv = compose.check(project, check.service, mounts, passed)
        log = config.log(f"ci-{check.service}")
        try:
            return place.runner(check.service).run(
                argv, env={**env, **passed}, check=False, timeout=DEADLINE, log=log, stream=True
            )
        except TowpathError as error:
            return error

    pool = ThreadPoolExecutor(max_workers=os.cpu_count())
    futures: list[Future[Outcome | TowpathError]] = [pool.submit(one, check) for check in checks]
    try:
        return [future.result() for future in futures]
    finally:
        # After Ctrl-C this ends the containers, and with them whoever waits for them.
        for future in futures:
            future.cancel()
        workspace.runner.run(down, env=env, check=False)
        pool.shutdown()


def _variables(place: ContainerHost, work: Path, image: str) -> dict[str, str]:
    """Return the variables of the Compose file."""
    return {
        "TOWPATH_CI_IMAGE": image,
        "TOWPATH_CI_WORK": str(work),
        "TOWPATH_CI_PASSWORD": secrets.token_hex(16),
        "TOWPATH_CI_SOCKET": str(place.socket),
        "TOWPATH_CI_SOCKET_GROUP": str(place.socket.stat().st_gid),
        "TOWPATH_UID": str(os.getuid()),
        "TOWPATH_GID": str(os.getgid()),
    }


def _mounts(workspace: Workspace) -> list[str]:
    """Return what of this machine the checks see besides: certificates, given advisories.

    A relative name of advisories is found in the copy of the working tree.
    """
    env = workspace.config.env
    advisories = env.get("TOWPATH_ADVISORIES", "")
    given = advisories if Path(advisories).is_absolute() else ""
    return [*filter(None, [bake.certificates(env), given])]


def _gather(found: Path, target: Path) -> list[str]:
    """Put what a service reported where people look for it, and return what was left out.

    What ran in the container wrote it: a link could name any file of this machine.
    """
    shutil.rmtree(target, ignore_errors=True)
    if not found.is_dir() or found.is_symlink():
        return [found.name] if found.is_symlink() else []
    return files.copy_plain(found, target, LARGEST)


def _judge(
    workspace: Workspace, check: Check, ended: Outcome | TowpathError, subject: Subject
) -> Result:
    """Return the verdict on a service: what its own evidence says, if it can be believed."""
    if isinstance(ended, TowpathError):
        return Result(check.service, Status.ERRORED, None, 0.0, " ".join(ended.lines()))
    try:
        status, note = _said(workspace, check, ended, subject)
    except NothingToJudgeError as error:
        status, note = Status.ERRORED, f"{error.what} {error.why}"
    if status is Status.PASSED and not ended.ok:
        status, note = Status.ERRORED, f"It passed, and then ended with {ended.code}."
    return Result(check.service, status, ended.code, ended.seconds, note)


def _said(
    workspace: Workspace, check: Check, ended: Outcome, subject: Subject
) -> tuple[Status, str]:
    """Return the verdict of a service and a few words: by its code, its report or its evidence."""
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
    """Judge a stage by its own evidence, if that speaks of these files and is believed."""
    file = reports / "evidence" / f"{check.stage}.json"
    if not file.is_file():
        raise NothingToJudgeError("It left no evidence.", why=ended.tail())
    statement = evidence.decode(files.read_bounded(file, documents.BYTES), file.name)
    if statement.subject != subject:
        raise NothingToJudgeError("Its evidence speaks of other files.")
    if statement.stage != check.stage:
        raise NothingToJudgeError(f"Its evidence speaks of the stage {statement.stage}.")
    against = judgement.reasons(statement, stages.rules(config))
    if statement.status is Status.PASSED and against:
        raise NothingToJudgeError("Its evidence is not believed.", why="; ".join(against))
    return statement.status, statement.reason or _verdicts(statement.verdicts)


def _by_report(config: Config, check: Check, text: str, ended: Outcome) -> tuple[Status, str]:
    """Judge tests that are a part of a stage by the gates of the whole, as the project has them."""
    if not text:
        raise NothingToJudgeError("It left no report.", why=ended.tail())
    seen = junit.read_junit(text, check.report)
    facts = {"tests_run": seen.run, "tests_failed": seen.failed, "tests_skipped": seen.skipped}
    verdicts = stages.verdicts(config, check.stage, facts)
    return gates.worst(row.status for row in verdicts), "; ".join(row.reason for row in verdicts)


def _verdicts(rows: Iterable[Mapping[str, object]]) -> str:
    return "; ".join(str(row["reason"]) for row in rows)


def _tell(workspace: Workspace, results: Sequence[Result]) -> None:
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
    workspace.terminal.say("What each of them reported is in reports/ci, its log in reports/logs.")


def _error(results: Sequence[Result]) -> TowpathError | None:
    """Return the error of the worst verdict: 4 where a gate said no, 3 where there is none."""
    worst = gates.worst(row.status for row in results)
    bad = ", ".join(row.service for row in results if row.status is worst)
    notes = " ".join(row.note for row in results if row.status is worst)
    logs = "Read reports/logs/ci-SERVICE.log."
    if worst is Status.FAILED:
        return GateFailedError(f"Failed: {bad}.", why=notes, next_step=logs)
    if worst is Status.ERRORED:
        return NothingToJudgeError(f"Could not be judged: {bad}.", why=notes, next_step=logs)
    return None
