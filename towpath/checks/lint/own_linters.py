"""Linters that a project brings itself, each asked in the words of its own command line.

They are probes: several commands make one verdict, and every file that they leave out is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from towpath.checks.lint import own_linters_commands as commands
from towpath.checks.lint.readers import pyright as pyright_reader
from towpath.checks.lint.readers import ruff as reader
from towpath.config.workspace import Workspace
from towpath.core import tool_home as private
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Exclusion, FindingOrExclusion, ToolResult

_EXCLUDED = "the settings exclude it"


def ruff(workspace: Workspace, files: Sequence[str]) -> list[FindingOrExclusion]:
    """Return what ruff finds in the files, and those that its settings exclude.

    Raises NothingToJudgeError if it has no result.
    """
    judged, left_out = _looked_at(workspace, files)
    if not judged:
        return left_out
    ran = _run(workspace, commands.ruff_check(_beside(workspace, "ruff"), judged), judged)
    return [*reader.read_ruff(ran, _root(workspace), judged), *left_out]


def ruff_format(workspace: Workspace, files: Sequence[str]) -> list[FindingOrExclusion]:
    """Return the files that ruff would format, and those that its settings exclude.

    Raises NothingToJudgeError if it has no result.
    """
    judged, left_out = _looked_at(workspace, files)
    if not judged:
        return left_out
    ran = _run(workspace, commands.ruff_format(_beside(workspace, "ruff"), judged), judged)
    return [*reader.read_format(ran, judged), *left_out]


def pyright(workspace: Workspace, files: Sequence[str]) -> list[FindingOrExclusion]:
    """Return the errors of pyright; which files it looks at is in the project's settings."""
    python = workspace.config.tool_python
    argv = commands.pyright(_beside(workspace, "pyright"), python)
    return list(pyright_reader.read_pyright(_run(workspace, argv, files), _root(workspace)))


def _looked_at(
    workspace: Workspace, files: Sequence[str]
) -> tuple[list[str], list[FindingOrExclusion]]:
    """Return the files that ruff judges, and those that it leaves out."""
    ran = _run(workspace, commands.ruff_files(_beside(workspace, "ruff"), files), files)
    seen = reader.read_files(ran, _root(workspace))
    strange = set(seen) - set(files)
    if strange:
        raise NothingToJudgeError(
            "ruff produced no usable result.",
            why=f"It looks at {sorted(strange)[0]}, which it was not asked about.",
            next_step="See its output in reports/logs/ruff.log.",
        )
    excluded = sorted(set(files) - set(seen))
    return seen, [Exclusion(file, _EXCLUDED) for file in excluded]


def _run(workspace: Workspace, argv: commands.Argv, files: Sequence[str]) -> ToolResult:
    with private.home() as home:
        ended = workspace.runner.run(argv, env=home, check=False)
    return ToolResult(ended.code, ended.stdout, ended.stderr, len(files))


def _beside(workspace: Workspace, program: str) -> str:
    return str(PurePath(workspace.config.tool_python).with_name(program))


def _root(workspace: Workspace) -> str:
    return str(workspace.config.root.resolve())
