"""Evidence on disk: what a stage measured is judged, written once, and reused while it holds."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from towpath import evidence, gates
from towpath.config import Config
from towpath.errors import GateFailedError, NothingToJudgeError, TowpathError
from towpath.evidence import Statement, Subject
from towpath.flows.session import Session
from towpath.flows.source import Source
from towpath.gates import Status


def now() -> dt.datetime:
    """Return the time in UTC; the one place where flows ask the clock for a date."""
    return dt.datetime.now(dt.UTC)


def stamp(moment: dt.datetime) -> str:
    """Return a time as reports write it: UTC, whole seconds, Z."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def policy(config: Config) -> str:
    """Return the hash of the gates and waivers in force."""
    return gates.policy_hash(waiver.as_json() for waiver in config.waivers)


def inputs_of(source: Source, *more: str) -> str:
    """Return the hash of what a stage depends on: commit, tree, our Python, and what is named.

    The tree holds the pins of every tool and the gates too, so that a change in one of them is a
    change of the inputs.
    """
    parts = (source.commit, source.tree, platform.python_version(), *more)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def check_inputs(config: Config, source: Source, stage: str) -> str:
    """Return the inputs of a check; advisories grow old: security also depends on the day."""
    more = (now().date().isoformat(), config.env.get("TOWPATH_ADVISORIES", ""))
    return inputs_of(source, stage, *(more if stage == "security" else ()))


def path(config: Config, stage: str) -> Path:
    """Return where a stage's statement is written."""
    return config.reports / "evidence" / f"{stage}.json"


def read(config: Config, stage: str) -> Statement | None:
    """Return a stage's statement, or None if there is none or it cannot be read."""
    try:
        return require(config, stage)
    except NothingToJudgeError:
        return None


def require(config: Config, stage: str) -> Statement:
    """Return a stage's statement; raises NothingToJudgeError if it is missing or broken."""
    file = path(config, stage)
    try:
        raw = file.read_bytes()
    except FileNotFoundError as error:
        raise NothingToJudgeError(
            f"There is no evidence of the stage {stage}.",
            why=f"{file.relative_to(config.root)} does not exist.",
            next_step=f"Run the stage first, for example `invoke pipeline` or `nox -s {stage}`.",
        ) from error
    return evidence.decode(raw, str(file.relative_to(config.root)))


def reusable(config: Config, stage: str, inputs: str) -> Statement | None:
    """Return the stage's statement if it still holds for these inputs and the policy in force.

    Every artifact that it names must still be there with the same sha256.
    """
    found = read(config, stage)
    if not evidence.reusable(found, inputs, policy(config)):
        return None
    whole = found is not None and all(
        (config.root / name).is_file() and file_hash(config.root / name) == sha256
        for name, sha256 in found.artifacts.items()
    )
    return found if whole else None


def file_hash(file: Path) -> str:
    """Return the sha256 of a file's bytes, as hexadecimal digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def record(
    session: Session,
    stage: str,
    subject: Subject,
    facts: Mapping[str, Any],
    *,
    inputs: str,
    started: dt.datetime,
    duration: float,
    gates_of: str = "",
    tools: Mapping[str, str] | None = None,
    artifacts: Iterable[Path] = (),
    reason: str = "",
    detail: str = "",
) -> Statement:
    """Judge a stage's facts, write its statement and return it; it does not raise for a verdict.

    `gates_of` names the stage whose gates judge, where it is another (`verify-production` is judged
    as `verify`). `duration` is in seconds. `artifacts` are files below the project's root. A stage
    without gates passes unless `reason` says why it did not; `detail` is added to the gates' own
    reasons where they did not pass.
    """
    config = session.config
    waived = {row.id: row.note for row in config.waivers}
    verdicts = gates.waive(gates.judge(gates_of or stage, facts), waived)
    own = Status.ERRORED if reason else Status.PASSED
    status = gates.worst([own, *(row.status for row in verdicts)])
    attempt, repeats = evidence.next_attempt(read(config, stage), subject, policy(config))
    statement = Statement(
        stage=stage,
        subject=subject,
        status=status,
        started=stamp(started),
        duration=round(duration, 3),
        policy=policy(config),
        inputs=inputs,
        attempt=attempt,
        repeats=repeats,
        reason=reason or evidence.reasons(verdicts, detail),
        facts=facts,
        verdicts=evidence.verdict_rows(verdicts),
        tools=tools or {},
        artifacts={str(file.relative_to(config.root)): file_hash(file) for file in artifacts},
    )
    write_whole(path(config, stage), statement.encode() + b"\n")
    return statement


def raise_for(statement: Statement) -> None:
    """Raise GateFailedError or NothingToJudgeError if the statement did not pass."""
    if error := error_of(statement):
        raise error


def error_of(statement: Statement) -> TowpathError | None:
    """Return the error that a statement means: 4 for a gate that said no, 3 for no verdict."""
    if statement.status is Status.PASSED:
        return None
    codes = ", ".join(str(row["gate"]) for row in statement.verdicts if row["status"] != "passed")
    logs = "Read reports/logs; `invoke gates.check` shows every verdict."
    if statement.status is Status.FAILED:
        return GateFailedError(
            f"{statement.stage} failed: {codes}.", why=statement.reason, next_step=logs
        )
    return NothingToJudgeError(
        f"{statement.stage} could not be judged{': ' + codes if codes else ''}.",
        why=statement.reason,
        next_step=logs,
    )


def write_whole(file: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    with scratch.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    scratch.replace(file)
