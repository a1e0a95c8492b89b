"""The verdicts in the evidence on disk, gate by gate."""

from __future__ import annotations

from towpath import gates
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    ConfigurationError,
    GateFailedError,
    NothingToJudgeError,
    TowpathError,
)
from towpath.core.references import RELEASE
from towpath.core.suggest import nearest
from towpath.evidence import record as stages
from towpath.evidence import validity
from towpath.evidence.statement import Statement
from towpath.evidence.validity import JudgingRules
from towpath.gates import Status
from towpath.promotion import availability as promotion

JUDGED = tuple(dict.fromkeys(rule.stage for rule in gates.GATES))
# What a release needs in the end; the verdicts of other stages are shown where there are any.
NEEDED = promotion.NEEDED[RELEASE]


def check(workspace: Workspace, stage: str = "") -> None:
    """Write the verdicts as a table, then raise for the worst of them.

    The facts are evaluated again, as in a promotion. A stage that a release needs, without valid
    evidence, has no verdict. Raises GateFailedError,
    NothingToJudgeError, and ConfigurationError for an unknown stage.
    """
    if stage and stage not in JUDGED:
        raise ConfigurationError(
            f"No gate evaluates the stage {stage!r}.{nearest(stage, JUDGED)}",
            why=f"Stages with gates are {', '.join(JUDGED)}.",
        )
    rules = stages.rules(workspace.config)
    wanted = (stage,) if stage else _wanted(workspace)
    found = {name: _current(workspace, name, rules) for name in wanted}
    workspace.terminal.table(
        "Verdicts",
        ("stage", "gate", "verdict", ""),
        [row for name in wanted for row in _rows(name, found[name], rules)],
    )
    errors = [_error(row, rules) for row in found.values()]
    for error in sorted(filter(None, errors), key=_severity):
        raise error


def _wanted(workspace: Workspace) -> list[str]:
    """Return the stages to judge, in the order of the table of gates."""
    return [
        name for name in JUDGED if name in NEEDED or stages.path(workspace.config, name).is_file()
    ]


def _error(found: Statement | NothingToJudgeError, rules: JudgingRules) -> TowpathError | None:
    if isinstance(found, NothingToJudgeError):
        return found
    if error := stages.error_of(found):
        return error
    failed = [row for row, _ in validity.not_passed(found, rules) if row.status is Status.FAILED]
    against = validity.reasons(found, rules)
    if failed:
        names = ", ".join(row.gate for row in failed)
        return GateFailedError(f"{found.stage} failed: {names}.", why="\n".join(against))
    if against:
        return NothingToJudgeError(
            f"The evidence of {found.stage} is not valid.",
            why="\n".join(against),
            next_step=f"Run the stage {found.stage} again.",
        )
    return None


def _severity(error: TowpathError) -> int:
    """A failed gate comes before one that could not be evaluated."""
    return 0 if isinstance(error, GateFailedError) else 1


def _current(
    workspace: Workspace, stage: str, rules: JudgingRules
) -> Statement | NothingToJudgeError:
    try:
        statement = stages.require(workspace.config, stage)
    except NothingToJudgeError as error:
        return error
    if statement.stage != stage:
        return NothingToJudgeError(
            f"The evidence file of {stage} is about the stage {statement.stage}.",
            next_step=f"Run the stage {stage} again.",
        )
    if statement.policy != rules.policy:
        return NothingToJudgeError(
            f"{stage} was evaluated under another policy.",
            why="A gate, a waiver or a setting that affects verdicts has changed since.",
            next_step=f"Run the stage {stage} again.",
        )
    return statement


def _rows(
    stage: str, found: Statement | NothingToJudgeError, rules: JudgingRules
) -> list[tuple[str, str, str, str]]:
    if isinstance(found, NothingToJudgeError):
        return [(stage, rule.code, "errored", found.what) for rule in gates.of_stage(stage)]
    return [
        (stage, row.gate, str(row.status), row.reason) for row in validity.verdicts(found, rules)
    ]
