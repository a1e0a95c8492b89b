"""The records of a check: when it started, on which files, and the result of each tool."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import documents, files
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import ToolResult
from towpath.core.inputs import ignored
from towpath.core.redaction import SECRETS
from towpath.evidence import record as stages
from towpath.evidence import stage_inputs
from towpath.source import snapshot as source
from towpath.source.snapshot import SourceFiles

# The largest record that is read, in bytes; it has the whole output of a tool.
LIMIT = 64 << 20


@dataclass(frozen=True)
class Begun:
    """When a check started (UTC), on which files, and a hash of everything that it depends on."""

    started: dt.datetime
    inputs: str
    files: Mapping[str, str] = field(default_factory=dict)

    def changed(self, now: SourceFiles, patterns: Iterable[str]) -> list[str]:
        """Return the files that differ from those at the start, without those that are left out."""
        after = dict(now.files)
        differing = {
            path for path in {*self.files, *after} if self.files.get(path) != after.get(path)
        }
        return sorted(differing.difference(ignored(differing, patterns)))


@dataclass(frozen=True)
class ToolRecord:
    """The result of one tool of a check; `seconds` is its duration, `version` the tool's own.

    `seed` is that of the random order of tests. For `reused` unchanged files, the tool did not run
    again: `cached` has its earlier findings about them.
    """

    name: str
    version: str
    seconds: float
    ran: ToolResult
    seed: int | None = None
    cached: Sequence[Mapping[str, Any]] = ()
    reused: int = 0

    @property
    def files(self) -> int:
        """The number of files that the result is about."""
        return self.ran.files + self.reused


def folder(config: Config, stage: str) -> Path:
    """Return the directory of a check's records."""
    return config.reports / "checks" / stage


def junit(config: Config, stage: str) -> Path:
    """Return the directory of a check's JUnit reports."""
    return config.reports / "junit" / stage


def coverage_data(config: Config, stage: str) -> Path:
    """Return the directory of the coverage data of a check's tests."""
    return config.reports / "coverage" / stage


def coverage_report(config: Config) -> Path:
    """Return the report of the combined coverage of all tests."""
    return config.reports / "coverage.json"


def benchmark_report(config: Config) -> Path:
    """Return the report of the performance tests."""
    return config.reports / "performance.json"


def begin(workspace: Workspace, stage: str) -> SourceFiles:
    """Delete the records of earlier runs of a check, record the start, and return the source files.

    Raises NothingToJudgeError if the source files cannot be read.
    """
    config = workspace.config
    for directory in (folder, junit, coverage_data):
        shutil.rmtree(directory(config, stage), ignore_errors=True)
    if stage == "tests":
        coverage_report(config).unlink(missing_ok=True)
    if stage == "performance":
        benchmark_report(config).unlink(missing_ok=True)
    seen = source.read_files(workspace)
    inputs = stage_inputs.check_inputs(workspace, seen, stage)
    started = stages.now().isoformat()
    begun = {"started": started, "inputs": inputs, "files": dict(seen.files)}
    write_document(config, stage, "begun", begun)
    return seen


def begun(workspace: Workspace, stage: str) -> Begun:
    """Return what `begin` recorded; raises NothingToJudgeError if the check did not start."""
    document = read_document(workspace.config, stage, "begun")
    try:
        started = dt.datetime.fromisoformat(document["started"])
        return Begun(started, document["inputs"], dict(document.get("files", {})))
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(stage, "begun", documents.reason(error)) from error


def fits(workspace: Workspace, stage: str) -> bool:
    """Tell whether the records of a check are about the current source files.

    Raises ConfigurationError for a project that is not in a git repository, or an invalid
    TOWPATH_PYTHONS.
    """
    try:
        noted = begun(workspace, stage).inputs
    except NothingToJudgeError:
        return False
    return noted == stage_inputs.check_inputs(workspace, source.read_files(workspace), stage)


def write_record(config: Config, stage: str, record: ToolRecord) -> None:
    """Write the result of a tool."""
    write_document(config, stage, record.name, asdict(record))


def read_record(config: Config, stage: str, name: str) -> ToolRecord:
    """Return the result of a tool; raises NothingToJudgeError if there is none."""
    document = read_document(config, stage, name)
    try:
        return ToolRecord(**{**document, "ran": ToolResult(**document["ran"])})
    except (KeyError, TypeError) as error:
        raise _unreadable(stage, name, documents.reason(error)) from error


def write_document(config: Config, stage: str, name: str, document: Mapping[str, Any]) -> None:
    """Write a JSON document to the check's records, with secrets redacted."""
    content = json.dumps(SECRETS.document(document), indent=1, sort_keys=True).encode() + b"\n"
    files.write_atomically(folder(config, stage) / f"{name}.json", content)


def read_document(config: Config, stage: str, name: str) -> dict[str, Any]:
    """Return a document of the check's records; raises NothingToJudgeError if there is none."""
    file = folder(config, stage) / f"{name}.json"
    try:
        document = documents.loads(file.read_bytes(), LIMIT)
    except FileNotFoundError as error:
        raise NothingToJudgeError(
            f"The check {stage} has no result.",
            why=f"{file.relative_to(config.root)} does not exist.",
            next_step=f"Run the check: nox -s {stage}",
        ) from error
    except ValueError as error:
        raise _unreadable(stage, name, str(error)) from error
    if not isinstance(document, dict):
        raise _unreadable(stage, name, "It is not a JSON object.")
    return document


def names(config: Config, stage: str) -> list[str]:
    """Return the names of the tools with a record, sorted."""
    found = {file.stem for file in folder(config, stage).glob("*.json")}
    return sorted(found - {"begun"})


def _unreadable(stage: str, name: str, why: str) -> NothingToJudgeError:
    return NothingToJudgeError(
        f"Cannot read the record of {name} in {stage}.",
        why=why,
        next_step=f"Run the check again: nox -s {stage}",
    )
