"""Read the output of each linter strictly, and add the cached results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from towpath.checks.lint.readers import (
    actionlint,
    bandit,
    black,
    checkstyle,
    flake8,
    isort,
    maintainability,
    mypy,
    radon,
    zizmor,
)
from towpath.checks.lint.readers.maintainability import Module
from towpath.checks.lint.readers.radon import Function
from towpath.checks.records import ToolRecord
from towpath.core.findings import Exclusion, Finding, ToolResult, unread
from towpath.environments import probe_reader as probe

Row: TypeAlias = Finding | Function | Module | Exclusion


@dataclass(frozen=True)
class OutputReader:
    """How the output of a linter is read, and into which type of rows."""

    read: Callable[[ToolResult], Sequence[Row]]
    kind: Callable[..., Row] = Finding


READERS: Mapping[str, OutputReader] = {
    "black": OutputReader(black.read_black),
    "isort": OutputReader(isort.read_isort),
    "flake8": OutputReader(flake8.read_flake8),
    "mypy": OutputReader(mypy.read_mypy),
    "bandit": OutputReader(bandit.read_bandit),
    "radon": OutputReader(radon.read_radon, Function),
    "maintainability": OutputReader(maintainability.read_maintainability, Module),
    "actionlint": OutputReader(actionlint.read_actionlint),
    "hadolint": OutputReader(checkstyle.hadolint),
    "shellcheck": OutputReader(checkstyle.shellcheck),
    "zizmor": OutputReader(zizmor.read_zizmor),
    "compose": OutputReader(partial(probe.read_probe, "compose")),
    "django-deploy-check": OutputReader(partial(probe.read_probe, "django-deploy-check")),
    "migrations": OutputReader(partial(probe.read_probe, "migrations")),
    "imports": OutputReader(partial(probe.read_probe, "imports")),
    "requirements-drift": OutputReader(partial(probe.read_probe, "requirements-drift")),
    "lock-drift": OutputReader(partial(probe.read_probe, "lock-drift")),
    "architecture": OutputReader(partial(probe.read_probe, "architecture")),
    "ruff": OutputReader(partial(probe.read_probe, "ruff")),
    "ruff-format": OutputReader(partial(probe.read_probe, "ruff-format")),
    "pyright": OutputReader(partial(probe.read_probe, "pyright")),
}


def read_findings(root: Path, name: str, ran: ToolResult) -> list[Row]:
    """Return the results of a linter, with paths relative to the project's root.

    Raises NothingToJudgeError if it gave no verdict.
    """
    heads = (f"{root}/", f"{root.resolve()}/")
    found = READERS[name].read(ran)
    return [replace(row, path=_below(row.path, heads)) for row in found]


def all_findings(root: Path, record: ToolRecord) -> list[Row]:
    """Return the results of a linter for all of its files, sorted by path and line.

    Raises NothingToJudgeError if it gave no verdict.
    """
    results = (
        read_findings(root, record.name, record.ran)
        if record.ran.files or not record.reused
        else []
    )
    return sorted(
        [*results, *cached_results(record)], key=lambda row: (row.path, row.line, str(row))
    )


def cached_results(record: ToolRecord) -> list[Row]:
    """Return the cached results of the unchanged files.

    Raises NothingToJudgeError if they are malformed.
    """
    try:
        return [_row(READERS[record.name], row) for row in record.cached]
    except TypeError as error:
        raise unread(record.name, f"Its cached results are malformed: {error}") from error


def _row(reader: OutputReader, row: Mapping[str, Any]) -> Row:
    return Exclusion(**row) if "why" in row else reader.kind(**row)


def _below(path: str, heads: tuple[str, ...]) -> str:
    for head in heads:
        path = path.removeprefix(head)
    return path.removeprefix("./")
