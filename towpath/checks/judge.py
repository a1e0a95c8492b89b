"""Judge a check: read the results of its tools, write the statement, and print the verdicts."""

from __future__ import annotations

from collections.abc import Callable

from towpath import gates
from towpath.checks import baseline_recording, records, sarif_files
from towpath.checks.facts import CheckFacts
from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import environment
from towpath.core.errors import GateFailedError, NothingToJudgeError
from towpath.evidence import advisory_sources as sources
from towpath.evidence import record as stages
from towpath.evidence import stage_inputs
from towpath.evidence.statement import Statement
from towpath.gates import Status, Verdict
from towpath.source import snapshot as source

SHOWN = 20
SHOWN_EXCLUSIONS = 3
SHOWN_CHANGED = 3
COLUMNS = ("tool", "status", "time", "result")


def judge(workspace: Workspace, stage: str, measure: Callable[[Config], CheckFacts]) -> Statement:
    """Judge what the last run of a check left, write its statement and tell the verdicts.

    `measure` reads the facts from the records of the check's tools. Raises NothingToJudgeError
    where there is no verdict and GateFailedError where a gate says no.
    """
    statement, measured = evaluate(workspace, stage, measure)
    for name in sarif_files.TOOLS & measured.findings_by_tool.keys():
        version, found = measured.tools.get(name, "1"), measured.findings_by_tool[name]
        sarif_files.write_sarif(workspace.config, name, version, found)
    _show(workspace, stage, measured)
    for verdict in statement.verdicts:
        workspace.terminal.say(f"{verdict['status']:8} {verdict['gate']}: {verdict['reason']}")
    workspace.terminal.summary_table(
        f"{stage}: {statement.status}",
        ("gate", "verdict", "reason"),
        [(str(row["gate"]), str(row["status"]), str(row["reason"])) for row in statement.verdicts],
    )
    stages.raise_for(statement)
    return statement


def evaluate(
    workspace: Workspace, stage: str, measure: Callable[[Config], CheckFacts]
) -> tuple[Statement, CheckFacts]:
    """Judge what the last run of a check left, and write its statement; return it and the facts.

    The first time the values become the baseline, if the project wants one. Nothing is shown, and a
    verdict raises nothing.
    """
    begun = records.begun(workspace, stage)
    now = source.read_files(workspace)
    changed = ""
    if stage_inputs.check_inputs(workspace, now, stage) != begun.inputs:
        changed = _changed(
            begun.changed(now, stage_inputs.excluded_patterns(workspace.config, stage))
        )

    def measure_all(config: Config) -> CheckFacts:
        measured = measure(config)
        if changed:
            measured.miss("inputs", changed)
        return measured

    recorded, measured = baseline_recording.recorded(workspace, stage, measure_all)
    if recorded is not workspace:
        # The file of the baseline is a part of the tree that the statement is about.
        workspace, now = recorded, source.read_files(workspace)
    statement = stages.record(
        workspace,
        stages.StageRecord(
            stage=stage,
            subject=now.subject,
            facts=measured.facts | _variables(workspace.config, stage),
            inputs=begun.inputs,
            started=begun.started,
            duration=(stages.now() - begun.started).total_seconds(),
            tools=measured.tools,
            artifacts=measured.artifacts,
            reason=_reason(stage, measured, workspace.config.limits),
        ),
    )
    return statement, measured


def _changed(files: list[str]) -> str:
    """Return what changed during a check, by name where it is a file."""
    if not files:
        return "Settings, the date or the Pythons of this machine changed during the check."
    more = f" and {len(files) - SHOWN_CHANGED} more" if len(files) > SHOWN_CHANGED else ""
    names = ", ".join(files[:SHOWN_CHANGED])
    return (
        f"Files changed during the check: {names}{more}. Run it again; a file that the check itself"
        " writes belongs in .gitignore."
    )


def _variables(config: Config, stage: str) -> dict[str, dict[str, str]]:
    """Return the fact about the variables that the project passes to a check."""
    found = environment.shown(stage_inputs.passed_on(config, stage))
    return {"variables": found} if found else {}


def part(workspace: Workspace, stage: str, measured: CheckFacts) -> None:
    """Print the results of a part of a check; its facts are judged, and no evidence is written.

    Raises GateFailedError if a gate failed, and NothingToJudgeError if a result is missing.
    """
    workspace.terminal.say(
        f"Running a part of {stage}: no verdict and no evidence will be written."
    )
    failed = _failed(workspace, stage, measured)
    _show(workspace, stage, measured)
    if failed:
        raise GateFailedError(
            f"This part of {stage} failed: {', '.join(row.gate for row in failed)}.",
            why="; ".join([*measured.unread, *(row.reason for row in failed)]),
            next_step="See reports/logs.",
        )
    if measured.unread:
        raise NothingToJudgeError(
            f"No verdict for this part of {stage}.",
            why="; ".join(measured.unread),
            next_step="See reports/logs.",
        )


def _failed(workspace: Workspace, stage: str, measured: CheckFacts) -> list[Verdict]:
    """Return the failed verdicts, after waivers, of the gates whose facts are known."""
    limits = workspace.config.limits
    waived = sources.notes(workspace.config.waivers, stage, measured.facts, limits)
    verdicts = gates.waive(gates.judge(stage, measured.facts, workspace.config.limits), waived)
    return [row for row in verdicts if row.status is Status.FAILED]


def _reason(stage: str, measured: CheckFacts, limits: gates.Limits) -> str:
    """Return what could not be read and which gates failed; empty if everything could be read."""
    failed = [
        verdict.reason
        for verdict in gates.judge(stage, measured.facts, limits)
        if verdict.status is Status.FAILED
    ]
    return "; ".join([*measured.unread, *failed]) if measured.unread else ""


def _first(measured: CheckFacts) -> str:
    """Return the first finding, and the number of further ones."""
    if not measured.findings:
        return ""
    more = len(measured.findings) - 1
    return f"{measured.findings[0]}" + (f", and {more} more" if more else "")


def _show(workspace: Workspace, stage: str, measured: CheckFacts) -> None:
    """Print the first findings, annotate all of them, and end with a table of the tools."""
    for finding in measured.findings[:SHOWN]:
        workspace.terminal.say(f"  {finding}")
    if len(measured.findings) > SHOWN:
        more = len(measured.findings) - SHOWN
        workspace.terminal.say(f"  and {more} more, see reports/logs")
    for tool, rows in measured.excluded.items():
        beyond = len(rows) - SHOWN_EXCLUSIONS
        first = [*rows[:SHOWN_EXCLUSIONS], *([f"and {beyond} more"] if beyond > 0 else [])]
        workspace.terminal.say(f"  excluded from {tool} by the project: {'; '.join(first)}")
    for finding in measured.findings:
        message = f"{finding.code} {finding.message}".strip()
        workspace.terminal.annotate("error", message, finding.path, finding.line)
    for python in measured.facts.get("missing", ()):
        workspace.terminal.warn(f"Not tested: Python {python} is supported but not installed.")
    for warning in measured.warnings:
        workspace.terminal.warn(warning)
    workspace.terminal.table(stage, COLUMNS, measured.rows)
    workspace.terminal.summary_table(stage, COLUMNS, measured.rows)
