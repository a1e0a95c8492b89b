"""Evidence on disk: facts of a stage are evaluated, recorded, and reused while they are valid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from towpath import gates
from towpath.config import Config
from towpath.config.ci_systems import OVERRIDE
from towpath.config.waivers import accepted_sources, advisory_notes
from towpath.config.workspace import Workspace
from towpath.core import documents, private
from towpath.core.errors import GateFailedError, NothingToJudgeError, TowpathError
from towpath.core.files import file_hash, read_bounded
from towpath.core.redaction import SECRETS
from towpath.core.subject import Subject
from towpath.evidence import advisory_sources as sources
from towpath.evidence import attempts
from towpath.evidence import policy as policies
from towpath.evidence import statement as evidence
from towpath.evidence import store, validity
from towpath.evidence.statement import Statement
from towpath.evidence.validity import JudgingRules
from towpath.gates import Status, Verdict


def now() -> dt.datetime:
    """Return the time in UTC; the only place that reads the clock for a date."""
    return dt.datetime.now(dt.UTC)


def stamp(moment: dt.datetime) -> str:
    """Return a time in the format of reports: UTC, seconds without fraction, Z."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def policy(config: Config) -> str:
    """Return the hash of the gates, waivers and settings in force."""
    return policies.hash_of(config)


def rules(config: Config) -> JudgingRules:
    """Return the local policy for evaluating statements, and the current time."""
    return JudgingRules(
        policy=policy(config),
        now=now(),
        limits=config.limits,
        waived=_notes(config),
        accepted=accepted_sources(policies.in_force(config, now().date())),
        excused=frozenset(advisory_notes(policies.in_force(config, now().date())).values()),
        days=config.evidence_days,
    )


def verdicts(config: Config, stage: str, facts: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """Judge facts by the gates of a stage, with the limits and waivers of the project."""
    waivers = policies.in_force(config, now().date())
    waived = sources.notes(waivers, stage, facts, config.limits)
    judged = gates.explain(gates.judge(stage, facts, config.limits), _baseline_notes(facts))
    return gates.waive(judged, waived)


def _baseline_notes(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return what a check says of its baseline, by gate."""
    found = facts.get("baseline")
    rows = found.items() if isinstance(found, Mapping) else ()
    return {str(gate): str(note) for gate, note in rows}


def _notes(config: Config) -> dict[str, str]:
    """Return the notes of the waivers in force, by their ids."""
    return {row.id: row.note for row in policies.in_force(config, now().date())}


def run_facts(config: Config) -> dict[str, Any]:
    """Return the facts about the CI run: system, branch, tag or pull request, and override.

    Nothing on a person's machine, unless TOWPATH_BRANCH is set there.
    """
    if config.ci is not None:
        return {"run": config.ci.as_json()}
    chosen = config.env.get(OVERRIDE, "")
    return {"run": {"branch": chosen, "override": OVERRIDE}} if chosen else {}


def path(config: Config, stage: str) -> Path:
    """Return where a stage's statement is written."""
    return config.reports / "evidence" / f"{stage}.json"


def read_statement(config: Config, stage: str) -> Statement | None:
    """Return a stage's statement, or None if there is none or it cannot be read."""
    try:
        return require(config, stage)
    except NothingToJudgeError:
        return None


def require(config: Config, stage: str) -> Statement:
    """Return a stage's statement; raises NothingToJudgeError if it is missing or broken."""
    file = path(config, stage)
    try:
        raw = read_bounded(file, documents.BYTES)
    except FileNotFoundError as error:
        raise NothingToJudgeError(
            f"There is no evidence for the stage {stage}.",
            why=f"{file.relative_to(config.root)} does not exist.",
            next_step=f"Run the stage first, for example `invoke pipeline` or `nox -s {stage}`.",
        ) from error
    return evidence.decode(raw, str(file.relative_to(config.root)))


def reusable(config: Config, stage: str, inputs: str) -> Statement | None:
    """Return the stage's statement on these inputs if it passed under the policy in force.

    The most recent result for the same inputs wins: a failure after a pass is not ignored.
    Every artifact that it names must be there with the same sha256, or is put back.
    """
    found = store.get(config, stage, inputs)
    if found is None or not validity.reusable(found, inputs, policy(config)):
        return None
    if found.stage != stage or validity.reasons(found, rules(config)):
        return None
    return found if store.restore(config, found) else None


@dataclass(frozen=True, kw_only=True)
class StageRecord:
    """What a stage found out about a subject, before it is judged.

    `inputs` is the hash of what it depends on, `duration` is in seconds. `gates_of` names the stage
    whose gates judge, where it is another (`verify-production` is judged as `verify`). `artifacts`
    are files below the project's root. A stage without gates passes unless `reason` says why it did
    not; `detail` is added to the gates' own reasons where they did not pass.
    """

    stage: str
    subject: Subject
    facts: Mapping[str, Any]
    inputs: str
    started: dt.datetime
    duration: float
    gates_of: str = ""
    tools: Mapping[str, str] = field(default_factory=dict)
    artifacts: Iterable[Path] = ()
    reason: str = ""
    detail: str = ""


def record(workspace: Workspace, result: StageRecord) -> Statement:
    """Judge a stage's facts, write its statement and return it; it does not raise for a verdict."""
    config, stage, subject = workspace.config, result.stage, result.subject
    # JSON has no other numbers; a fact that is none is missing.
    facts = documents.finite(dict(SECRETS.document(result.facts)))
    judged = verdicts(config, result.gates_of or stage, facts)
    own = Status.ERRORED if result.reason else Status.PASSED
    in_force = policy(config)
    previous = _previous(config, stage, subject, result.inputs)
    attempt, repeats = attempts.next_attempt(previous, subject, in_force)
    reason = SECRETS.text(result.reason) or evidence.reasons(judged, SECRETS.text(result.detail))
    statement = Statement(
        stage=stage,
        subject=subject,
        status=gates.worst([own, *(row.status for row in judged)]),
        started=stamp(result.started),
        duration=round(result.duration, 3),
        policy=in_force,
        inputs=result.inputs,
        attempt=attempt,
        repeats=repeats,
        reason=reason,
        facts=facts,
        verdicts=evidence.verdict_rows(judged),
        tools=result.tools,
        artifacts={
            str(file.relative_to(config.root)): file_hash(file) for file in result.artifacts
        },
    )
    store.put(config, statement)
    write_statement(config, statement)
    return statement


def _previous(config: Config, stage: str, subject: Subject, inputs: str) -> Statement | None:
    """Return the last attempt for a subject, even after a switch to another branch."""
    last = read_statement(config, stage)
    if last is not None and last.subject == subject:
        return last
    return store.get(config, stage, inputs)


def raise_for(statement: Statement) -> None:
    """Raise GateFailedError or NothingToJudgeError if the statement did not pass."""
    if error := error_of(statement):
        raise error


def error_of(statement: Statement) -> TowpathError | None:
    """Return the error for a statement: exit code 4 for a failed gate, 3 for no verdict."""
    if statement.status is Status.PASSED:
        return None
    codes = ", ".join(str(row["gate"]) for row in statement.verdicts if row["status"] != "passed")
    logs = "See the logs in reports/logs; `invoke gates.check` shows every verdict."
    if statement.status is Status.FAILED:
        return GateFailedError(
            f"{statement.stage} failed: {codes}.", why=statement.reason, next_step=logs
        )
    return NothingToJudgeError(
        f"{statement.stage} could not be evaluated{': ' + codes if codes else ''}.",
        why=statement.reason,
        next_step=logs,
    )


def write_statement(config: Config, statement: Statement) -> None:
    """Write a statement as the last one of its stage."""
    private.directory(path(config, statement.stage).parent)
    private.write_private(path(config, statement.stage), statement.encode() + b"\n")
