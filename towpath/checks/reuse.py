"""Reuse the evidence of a check while it is valid; otherwise run its Nox session."""

from __future__ import annotations

from towpath.checks import nox_commands as nox
from towpath.config.workspace import Workspace
from towpath.core import environment
from towpath.core.errors import NothingToJudgeError
from towpath.evidence import record as stages
from towpath.evidence import stage_inputs, store
from towpath.evidence.reused_statement import reuse_statement
from towpath.evidence.statement import Statement
from towpath.gates import Status
from towpath.source import matrix as pythons
from towpath.source import snapshot as source
from towpath.source.snapshot import SourceFiles


def find_reusable(workspace: Workspace, seen: SourceFiles, stage: str) -> Statement | None:
    """Return a check's statement about these files if an earlier one still holds for them.

    What was found of an earlier commit, on the same inputs, becomes a statement about this one that
    refers to it. Nothing is written. Raises ConfigurationError for a project that is not in a git
    repository, or an invalid TOWPATH_PYTHONS.
    """
    config = workspace.config
    found = stages.reusable(config, stage, stage_inputs.check_inputs(workspace, seen, stage))
    if found is None or (stage == "tests" and not _on_all_pythons(workspace, found)):
        return None
    last = stages.read_statement(config, stage)
    if found.subject == seen.subject:
        return found
    if last is not None and last.subject == seen.subject:
        if last.reuses.get("sha256") == found.sha256:
            return last
    return reuse_statement(found, seen.subject, last)


def reuse(workspace: Workspace, seen: SourceFiles, stage: str) -> Statement | None:
    """Make the statement that still holds for these files the last one, and return it.

    Raises ConfigurationError for a project that is not in a git repository, or an invalid
    TOWPATH_PYTHONS.
    """
    statement = find_reusable(workspace, seen, stage)
    if statement is not None and statement != stages.read_statement(workspace.config, stage):
        stages.write_statement(workspace.config, statement)
    return statement


def unchanged(workspace: Workspace, stage: str) -> bool:
    """Tell whether a check can be skipped, and print since when and how much time that saves.

    Raises ConfigurationError for a project that is not in a git repository, or an invalid
    TOWPATH_PYTHONS.
    """
    if not store.has(workspace.config, stage):
        return False
    statement = reuse(workspace, source.read_files(workspace), stage)
    if statement is None:
        return False
    commit = statement.reuses.get("gitCommit") or statement.subject.digest["gitCommit"]
    workspace.terminal.say(
        f"{stage}: unchanged since {statement.started}, skipping saves {statement.duration:.1f} s "
        f"(passed on {commit[:7]}; use --fresh to run it again)"
    )
    return True


def ensure_checked(
    workspace: Workspace, seen: SourceFiles, stage: str, *, fresh: bool = False
) -> tuple[Statement, bool]:
    """Return the stage's statement about this source, and whether an earlier one was reused.

    With `fresh` the session always runs. Raises NothingToJudgeError if the session wrote no valid
    statement, whatever it printed.
    """
    config = workspace.config
    if not fresh and (statement := reuse(workspace, seen, stage)):
        return statement, True
    inputs = stage_inputs.check_inputs(workspace, seen, stage)
    before = _age(workspace, stage)
    log = config.log(stage)
    with workspace.terminal.step(f"nox -s {stage}"):
        variables = environment.of_sessions(config.env, config.variables.get(stage, ()))
        argv = nox.workspace(stage, fresh=fresh)
        ended = workspace.runner.run(argv, env=variables, check=False, log=log)
    where = str(log.relative_to(config.root))
    if _age(workspace, stage) == before:
        raise NothingToJudgeError(
            f"The session {stage} wrote no evidence.",
            why=ended.tail() or f"Exit code {ended.code}, without output.",
            next_step=f"See {where}.",
        )
    statement = stages.require(config, stage)
    if statement.inputs != inputs:
        raise NothingToJudgeError(
            f"The evidence of {stage} is for other source files than this run.",
            why="Source files, settings or the date changed while the session ran.",
            next_step="Start the run again.",
        )
    if not ended.ok and statement.status is Status.PASSED:
        raise NothingToJudgeError(
            f"The session {stage} failed although its gates passed.",
            why=ended.tail(),
            next_step=f"See {where}.",
        )
    return statement, False


def _on_all_pythons(workspace: Workspace, statement: Statement) -> bool:
    """Tell whether the tests ran on every installed Python, or in CI on every supported one."""
    config = workspace.config
    here = pythons.selected(config) if config.in_ci else pythons.installed(workspace)
    ran = statement.facts.get("pythons")
    return isinstance(ran, list | tuple) and all(row in ran for row in pythons.cells(config, *here))


def _age(workspace: Workspace, stage: str) -> int:
    """Return the modification time of the stage's statement in nanoseconds; 0 without one."""
    try:
        return stages.path(workspace.config, stage).stat().st_mtime_ns
    except FileNotFoundError:
        return 0
