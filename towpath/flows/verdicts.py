"""What the evidence on disk says, gate by gate."""

from __future__ import annotations

from towpath import gates, promotion
from towpath.errors import (
    ConfigurationError,
    GateFailedError,
    NothingToJudgeError,
    TowpathError,
)
from towpath.evidence import Statement
from towpath.flows import stages
from towpath.flows.session import Session
from towpath.images import nearest

JUDGED = tuple(dict.fromkeys(rule.stage for rule in gates.GATES))
# What a release needs in the end; the verdicts of other stages are shown where there are any.
NEEDED = promotion.NEEDED[promotion.RELEASE]


def check(session: Session, stage: str = "") -> None:
    """Write the verdicts as a table, then raise for the worst of them.

    A stage that a release needs and that left no evidence, or was judged under another policy, has
    no verdict. Raises GateFailedError, NothingToJudgeError, and ConfigurationError for an unknown
    stage.
    """
    if stage and stage not in JUDGED:
        raise ConfigurationError(
            f"No gate judges a stage {stage!r}.{nearest(stage, JUDGED)}",
            why=f"Gates judge {', '.join(JUDGED)}.",
        )
    wanted = (stage,) if stage else _wanted(session)
    found = {name: _current(session, name) for name in wanted}
    session.terminal.table(
        "Verdicts",
        ("stage", "gate", "verdict", ""),
        [row for name in wanted for row in _rows(name, found[name])],
    )
    for error in sorted(filter(None, map(_error, found.values())), key=_severity):
        raise error


def _wanted(session: Session) -> list[str]:
    """Return the stages to judge, in the order of the table of gates."""
    return [
        name for name in JUDGED if name in NEEDED or stages.path(session.config, name).is_file()
    ]


def _error(found: Statement | NothingToJudgeError) -> TowpathError | None:
    return stages.error_of(found) if isinstance(found, Statement) else found


def _severity(error: TowpathError) -> int:
    """A gate that said no comes before one that could not be judged."""
    return 0 if isinstance(error, GateFailedError) else 1


def _current(session: Session, stage: str) -> Statement | NothingToJudgeError:
    try:
        statement = stages.require(session.config, stage)
    except NothingToJudgeError as error:
        return error
    if statement.policy != stages.policy(session.config):
        return NothingToJudgeError(
            f"{stage} was judged under another policy.",
            why="A gate or a waiver changed since.",
            next_step=f"Run the stage {stage} again.",
        )
    return statement


def _rows(stage: str, found: Statement | NothingToJudgeError) -> list[tuple[str, str, str, str]]:
    if isinstance(found, NothingToJudgeError):
        return [(stage, rule.code, "errored", found.what) for rule in gates.of_stage(stage)]
    return [
        (stage, str(row["gate"]), str(row["status"]), str(row["reason"])) for row in found.verdicts
    ]
