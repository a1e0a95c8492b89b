"""From what the tools of a check left to its statement: read, judged, written, told."""

from __future__ import annotations

from collections.abc import Callable

from towpath import gates
from towpath.checks import records
from towpath.checks import sarif_files as alerts
from towpath.checks.facts import CheckFacts
from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import environment
from towpath.core.errors import GateFailedError, NothingToJudgeError
from towpath.evidence import advisory_sources as sources
from towpath.evidence import record as stages
from towpath.evidence.statement import Statement
from towpath.gates import Status, Verdict
from towpath.source import snapshot as source

SHOWN = 20
SHOWN_LEFT_OUT = 3
COLUMNS = ("", "", "time", "")
# The tools whose findings code scanning shows.
ALERTS = {"bandit", "flake8", "detect-secrets", "advisories"}


def judge(workspace: Workspace, stage: str, measure: Callable[[Config], CheckFacts]) -> Statement:
    """Judge what the last run of a check left, write its statement and tell the verdicts.

    `measure` reads the facts from the records of the check's tools. Raises NothingToJudgeError
    where there is no verdict and GateFailedError where a gate says no.
    """
    begun = records.begun(workspace, stage)
    now = source.read_files(workspace)
    measured = measure(workspace.config)
    if stages.check_inputs(workspace, now, stage) != begun.inputs:
        measured.miss("inputs", "Files, settings or the day changed since the check began.")
    statement = stages.record(
        workspace,
        stages.StageResult(
            stage=stage,
            subject=now.subject,
            facts=measured.facts | _variables(workspace.config, stage),
            inputs=begun.inputs,
            started=begun.started,
            duration=(stages.now() - begun.started).total_seconds(),
            tools=measured.tools,
            artifacts=measured.artifacts,
            reason=_reason(stage, measured, workspace.config.gates),
        ),
    )
    for name in ALERTS & measured.told.keys():
        alerts.tell(workspace.config, name, measured.tools.get(name, "1"), measured.told[name])
    _tell(workspace, stage, measured)
    for verdict in statement.verdicts:
        workspace.terminal.say(f"{verdict['status']:8} {verdict['gate']}: {verdict['reason']}")
    workspace.terminal.summary_table(
        f"{stage}: {statement.status}",
        ("gate", "", "why"),
        [(str(row["gate"]), str(row["status"]), str(row["reason"])) for row in statement.verdicts],
    )
    stages.raise_for(statement)
    return statement


def _variables(config: Config, stage: str) -> dict[str, dict[str, str]]:
    """Return as a fact what the tools of a check saw besides the neutral variables."""
    found = environment.shown(stages.passed_on(config, stage))
    return {"variables": found} if found else {}


def part(workspace: Workspace, stage: str, measured: CheckFacts) -> None:
    """Tell what a part of a check says; the facts that it has are judged, and nothing is written.

    Raises as `judge` does.
    """
    workspace.terminal.say(f"A part of {stage}: there will be no verdict and no evidence.")
    failed = _refused(workspace, stage, measured)
    _tell(workspace, stage, measured)
    if failed:
        raise GateFailedError(
            f"This part of {stage} failed: {', '.join(row.gate for row in failed)}.",
            why="; ".join([*measured.unread, *(row.reason for row in failed)]),
            next_step="Read reports/logs.",
        )
    if measured.unread:
        raise NothingToJudgeError(
            f"This part of {stage} could not be judged.",
            why="; ".join(measured.unread),
            next_step="Read reports/logs.",
        )


def _refused(workspace: Workspace, stage: str, measured: CheckFacts) -> list[Verdict]:
    """Return the verdicts that say no, waivers heeded, of those gates whose facts are known."""
    limits = workspace.config.gates
    waived = sources.notes(workspace.config.waivers, stage, measured.facts, limits)
    verdicts = gates.waive(gates.judge(stage, measured.facts, workspace.config.gates), waived)
    return [row for row in verdicts if row.status is Status.FAILED]


def _reason(stage: str, measured: CheckFacts, limits: gates.Limits) -> str:
    """Return what could not be read, and beside it what failed; empty if all could be read."""
    failed = [
        verdict.reason
        for verdict in gates.judge(stage, measured.facts, limits)
        if verdict.status is Status.FAILED
    ]
    return "; ".join([*measured.unread, *failed]) if measured.unread else ""


def _first(measured: CheckFacts) -> str:
    """Return the first finding, and how many more there are."""
    if not measured.findings:
        return ""
    more = len(measured.findings) - 1
    return f"{measured.findings[0]}" + (f", and {more} more" if more else "")


def _tell(workspace: Workspace, stage: str, measured: CheckFacts) -> None:
    """Show the first findings, annotate all of them, and close with a table of the tools."""
    for finding in measured.findings[:SHOWN]:
        workspace.terminal.say(f"  {finding}")
    if len(measured.findings) > SHOWN:
        more = len(measured.findings) - SHOWN
        workspace.terminal.say(f"  and {more} more, in reports/logs")
    for tool, rows in measured.excluded.items():
        beyond = len(rows) - SHOWN_LEFT_OUT
        first = [*rows[:SHOWN_LEFT_OUT], *([f"and {beyond} more"] if beyond > 0 else [])]
        workspace.terminal.say(f"  left out of {tool} on purpose: {'; '.join(first)}")
    for finding in measured.findings:
        message = f"{finding.code} {finding.message}".strip()
        workspace.terminal.annotate("error", message, finding.path, finding.line)
    for python in measured.facts.get("missing", ()):
        workspace.terminal.warn(f"Python {python} is supported and was not found: not tested.")
    for warning in measured.warnings:
        workspace.terminal.warn(warning)
    workspace.terminal.table(stage, COLUMNS, measured.rows)
    workspace.terminal.summary_table(stage, COLUMNS, measured.rows)
