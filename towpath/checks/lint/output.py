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
from towpath.core.findings import Finding, LeftOut, ToolResult, unread
from towpath.environments import probe_reader as probe

Row: TypeAlias = Finding | Function | Module | LeftOut


@dataclass(frozen=True)
class Reader:
    """How the output of a linter is read, and into which type of rows."""

    read: Callable[[ToolResult], Sequence[Row]]
    kind: Callable[..., Row] = Finding


READERS: Mapping[str, Reader] = {
    "black": Reader(black.read_black),
    "isort": Reader(isort.read_isort),
    "flake8": Reader(flake8.read_flake8),
    "mypy": Reader(mypy.read_mypy),
    "bandit": Reader(bandit.read_bandit),
    "radon": Reader(radon.read_radon, Function),
    "maintainability": Reader(maintainability.read_maintainability, Module),
    "actionlint": Reader(actionlint.read_actionlint),
    "hadolint": Reader(checkstyle.hadolint),
    "shellcheck": Reader(checkstyle.shellcheck),
    "zizmor": Reader(zizmor.read_zizmor),
    "compose": Reader(partial(probe.read_probe, "compose")),
    "django-deploy-check": Reader(partial(probe.read_probe, "django-deploy-check")),
    "migrations": Reader(partial(probe.read_probe, "migrations")),
    "imports": Reader(partial(probe.read_probe, "imports")),
    "requirements-drift": Reader(partial(probe.read_probe, "requirements-drift")),
    "architecture": Reader(partial(probe.read_probe, "architecture")),
    "ruff": Reader(partial(probe.read_probe, "ruff")),
    "ruff-format": Reader(partial(probe.read_probe, "ruff-format")),
    "pyright": Reader(partial(probe.read_probe, "pyright")),
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
    return sorted([*results, *known(record)], key=lambda row: (row.path, row.line, str(row)))


def known(record: ToolRecord) -> list[Row]:
    """Return the cached results of the unchanged files.

    Raises NothingToJudgeError if they are malformed.
    """
    try:
        return [_row(READERS[record.name], row) for row in record.cached]
    except TypeError as error:
        raise unread(record.name, f"Its cached results are malformed: {error}") from error


def _row(reader: Reader, row: Mapping[str, Any]) -> Row:
    return LeftOut(**row) if "why" in row else reader.kind(**row)


def _below(path: str, heads: tuple[str, ...]) -> str:
    for head in heads:
        path = path.removeprefix(head)
    return path.removeprefix("./")
