"""A check in the chain: its evidence is reused while it holds, else its Nox session makes it."""

from __future__ import annotations

from towpath.commands import nox
from towpath.errors import NothingToJudgeError
from towpath.evidence import Statement
from towpath.flows import stages
from towpath.flows.session import Session
from towpath.flows.source import Source
from towpath.gates import Status


def ensure(
    session: Session, source: Source, stage: str, *, fresh: bool = False
) -> tuple[Statement, bool]:
    """Return the stage's statement about this source, and whether an earlier one still holds.

    With `fresh` the session always runs. Raises NothingToJudgeError if the session ended without
    a statement of its own: whatever it printed, nothing was shown.
    """
    config = session.config
    inputs = stages.check_inputs(config, source, stage)
    if not fresh and (held := stages.reusable(config, stage, inputs)):
        return held, True
    before = _age(session, stage)
    log = config.reports / "logs" / f"{stage}.log"
    with session.terminal.step(f"nox -s {stage}"):
        ended = session.runner.run(nox.session(stage), check=False, log=log)
    where = str(log.relative_to(config.root))
    if _age(session, stage) == before:
        raise NothingToJudgeError(
            f"The session {stage} left no evidence.",
            why=ended.tail() or f"It ended with {ended.code} and said nothing.",
            next_step=f"Read {where}.",
        )
    statement = stages.require(config, stage)
    if statement.inputs != inputs:
        raise NothingToJudgeError(
            f"The evidence of {stage} speaks of other files than this run.",
            why="Files, settings or the day changed while the session ran.",
            next_step="Start the run again.",
        )
    if not ended.ok and statement.status is Status.PASSED:
        raise NothingToJudgeError(
            f"The session {stage} failed after its gate had passed.",
            why=ended.tail(),
            next_step=f"Read {where}.",
        )
    return statement, False


def _age(session: Session, stage: str) -> int:
    """Return when the stage's statement was written, in nanoseconds; 0 if there is none."""
    try:
        return stages.path(session.config, stage).stat().st_mtime_ns
    except FileNotFoundError:
        return 0
