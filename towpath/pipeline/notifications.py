"""What people are notified of: how a run of the pipeline ended, and a deployment by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import http
from towpath.core.errors import (
    DeploymentUndoneError,
    GateFailedError,
    InterruptedRunError,
    NothingToJudgeError,
    TowpathError,
    UnexpectedError,
)
from towpath.evidence import record as stages
from towpath.operations.dashboard_target import dashboard_url
from towpath.operations.notify import notice as notices
from towpath.operations.notify import send, settings
from towpath.operations.notify.memory import Delivery
from towpath.operations.notify.notice import FAILED, INTERRUPTED, PASSED, Link, Notice
from towpath.operations.notify.progress import Progress
from towpath.operations.notify.send import Happened
from towpath.pipeline.document import StageResult
from towpath.pipeline.run import find_links
from towpath.source.snapshot import SourceSnapshot

MARKS = {"passed": "✓", "failed": "✗", "errored": "!"}
DEPLOYS, PROMOTES, MONITOR = "deploy", "promote-", "monitor"
# Characters of an error by which failures are compared.
COMPARED_LENGTH = 200
# Digests, commits, times and numbers of processes differ from run to run.
_CHANGING = re.compile(r"[0-9a-f]{7,}|[0-9]+")


def begin(
    workspace: Workspace,
    source: SourceSnapshot,
    run: str,
    addresses: Mapping[str, str] | None = None,
) -> Progress:
    """Return the messages about a run that begins, after seeing that all settings are there.

    `addresses` are those of the report: of the CI run and of the commit, where they are known.

    Raises ConfigurationError for a target that misses one.
    """
    settings.require_ready(workspace.config)
    known = of_source(workspace.config, source, run)
    if commit := (addresses or {}).get("commit"):
        known = replace(known, links=(*known.links, Link("Commit", commit)))
    progress = Progress(workspace, known)
    progress.show(f"Running: {source.version} on {source.branch}")
    return progress


def of_source(config: Config, source: SourceSnapshot, run: str) -> Notice:
    """Return what is known of a run from its start on."""
    return Notice(
        "",
        "",
        PASSED,
        stages.stamp(stages.now()),
        project=config.name,
        version=source.version,
        branch=source.branch,
        commit=source.commit,
        who=notices.actor(config.env),
        links=links(config, run),
        run=run,
    )


def links(config: Config, run: str = "") -> tuple[Link, ...]:
    """Return where the run of the CI system is, and the report, if others can reach it."""
    found = []
    if config.ci and config.ci.url:
        found.append(Link("Run", config.ci.url))
    if run and config.dashboard.url and not http.is_near(config.dashboard.url):
        found.append(Link("Report", f"{dashboard_url(config).rstrip('/')}/runs/{run}/"))
    return tuple(found)


def went_on(progress: Progress, results: Sequence[StageResult]) -> None:
    """Show the stages that are done in the messages about the run."""
    lines = [f"{MARKS[row.status]} {row.name} {row.duration:.1f} s" for row in results]
    source = progress.notice
    progress.show(f"Running: {source.version} on {source.branch}", lines)


def finish(
    workspace: Workspace, progress: Progress, results: Sequence[StageResult]
) -> list[Delivery]:
    """Send how a run ended, once it is written down; return how each delivery ended."""
    happened = of_run(workspace.config, progress.notice, results)
    sent = send.announce(workspace, happened, progress.posted)
    return [*sent, *send.announce_waivers(workspace)]


def of_run(config: Config, known: Notice, results: Sequence[StageResult]) -> Happened:
    """Return what a run did: the events of its stages, and what stopped it."""
    stopped = next((row for row in results if row.error is not None), None)
    events = {_event(row) for row in results if row.error is None} - {""}
    known = replace(known, at=stages.stamp(stages.now()))
    what = f"{known.version} on {known.branch}"
    if stopped is None or stopped.error is None:
        found, waits = replace(known, environment=_environments(results)), _waits(config, results)
        events |= {"passed"} | ({send.WAITING} if waits else set())
        return Happened(known.branch, frozenset(events), found, what, waits=waits)
    events.add("failed")
    if isinstance(stopped.error, DeploymentUndoneError):
        events.add("undone")
    gates = _gates(config, stopped.name, stopped.error)
    return Happened(
        known.branch,
        frozenset(events - {"passed"}),
        with_error(replace(known, stage=stopped.name, gates=gates), stopped.error),
        what,
        fingerprint(stopped.name, gates, stopped.error),
        _words(stopped.error),
    )


def _waits(config: Config, results: Sequence[StageResult]) -> str:
    """Return what takes a release on where its run in CI may not; else nothing."""
    promoted = {row.name: row.fields.get("digest", "") for row in results}
    if config.ci is None or "promote-test" not in promoted or "promote-release" in promoted:
        return ""
    return promotion_waits(str(promoted["promote-test"]))


def promotion_waits(digest: str) -> str:
    """Return what a person does to take a release from staging on to production."""
    return f"in CI, invoke promote-release --digest={digest}"


def deployment_waits(environment: str, digest: str) -> str:
    """Return what a person does to let an environment run a promoted release."""
    return f"invoke deploy --environment={environment} --digest={digest}"


def _environments(results: Sequence[StageResult]) -> str:
    places = [str(row.fields.get("environment", "")) for row in results if _deploys(row)]
    return ", ".join(filter(None, places))


def _event(row: StageResult) -> str:
    if row.name.startswith(PROMOTES):
        return "promoted"
    return "deployed" if _deploys(row) else ""


def _deploys(row: StageResult) -> bool:
    return row.name == DEPLOYS or row.name.startswith(f"{DEPLOYS}-")


def _gates(config: Config, stage: str, error: TowpathError) -> tuple[str, ...]:
    """Return the gates that stopped a stage; an error of another kind left an older statement."""
    # What was rolled back after it was monitored has a statement, whose gates are the reason.
    monitored = stage == MONITOR and isinstance(error, DeploymentUndoneError)
    if not monitored and not isinstance(error, GateFailedError | NothingToJudgeError):
        return ()
    statement = stages.read_statement(config, stage)
    return notices.gate_lines(statement.verdicts) if statement else ()


def with_error(known: Notice, error: TowpathError) -> Notice:
    """Return a message about what stopped a run or a deployment."""
    status = INTERRUPTED if isinstance(error, InterruptedRunError) else FAILED
    line = notices.first_line(error.what)
    if why := notices.first_line(error.why):
        line = f"{line} {why}"
    return replace(known, status=status, error=line)


def fingerprint(stage: str, gates: Sequence[str], error: TowpathError) -> str:
    """Return what is the same where the same thing fails again."""
    what = _CHANGING.sub("#", error.what[:COMPARED_LENGTH])
    reason = " ".join(row.partition(":")[0] for row in gates) or what
    return f"{stage}: {type(error).__name__}: {reason}"


def _words(error: TowpathError) -> Mapping[str, str]:
    return {"failed": "Interrupted"} if isinstance(error, InterruptedRunError) else {}


@dataclass
class Act:
    """An act by hand that is under way: a deployment, a rollback or a promotion.

    `subject` tells it from other acts, `event` is what its success is. Whoever does it notes the
    version and the commit that it finds. `waits` is what a person does to take its result on, and
    `tag` is the one that a promotion moves.
    """

    subject: str
    event: str
    where: str
    environment: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    commit: str = ""
    waits: str = ""
    tag: str = ""


def deployment(environment: str, *, rollback: bool = False) -> Act:
    """Return the act of deploying to an environment, or of bringing back what served before."""
    subject, where = f"deployment to {environment}", f"in {environment}"
    if rollback:
        return Act(subject, "undone", where, environment, {"undone": "Rolled back"})
    return Act(subject, "deployed", where, environment)


def promotion(stage: str) -> Act:
    """Return the act of promoting an image to `test` or `release`."""
    return Act(f"promotion to {stage}", "promoted", f"to {stage}", tag=stage)


@contextmanager
def announced(workspace: Workspace, act: Act) -> Iterator[Act]:
    """Send how an act by hand ended; its error goes on as it is.

    Raises ConfigurationError for a target that misses a setting, before anything is done.
    """
    settings.require_ready(workspace.config)
    try:
        yield act
    except (KeyboardInterrupt, Exception) as error:
        ended = of_act(workspace.config, act, as_ours(error), _commit(workspace, act))
        send.announce(workspace, ended)
        raise
    send.announce(workspace, of_act(workspace.config, act, None, _commit(workspace, act)))


def _commit(workspace: Workspace, act: Act) -> str:
    """Return the address of the act's commit; empty where it is unknown."""
    return find_links(workspace, act.commit).commit if act.commit else ""


def as_ours(error: BaseException) -> TowpathError:
    """Return what ended an act as an error of ours."""
    if isinstance(error, TowpathError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return InterruptedRunError("Interrupted.")
    return UnexpectedError(f"Internal error: {type(error).__name__}: {error}")


def of_act(
    config: Config, act: Act, error: TowpathError | None = None, commit: str = ""
) -> Happened:
    """Return how an act by hand ended; `commit` is the address of its commit."""
    known = Notice(
        "",
        "",
        PASSED,
        stages.stamp(stages.now()),
        project=config.name,
        version=act.version,
        who=notices.actor(config.env),
        commit=act.commit,
        environment=act.environment,
        links=(*links(config), *([Link("Commit", commit)] if commit else [])),
    )
    what = f"{act.version or 'a release'} {act.where}"
    if error is None:
        events = frozenset({act.event, *([send.WAITING] if act.waits else [])})
        return Happened(act.subject, events, known, what, words=act.words, waits=act.waits)
    undone = {"undone"} if isinstance(error, DeploymentUndoneError) else set()
    return Happened(
        act.subject,
        frozenset({"failed"} | undone),
        with_error(known, error),
        what,
        fingerprint(act.subject, (), error),
        _words(error),
    )


def as_json(deliveries: Sequence[Delivery]) -> list[dict[str, Any]]:
    """Return deliveries as the report of a run has them."""
    return [row.as_json() for row in deliveries]
