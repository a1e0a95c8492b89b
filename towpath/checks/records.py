"""What a check leaves for its gate: when it began, on which files, and how each tool ended."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import documents, files
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import ToolResult
from towpath.core.redaction import SECRETS
from towpath.evidence import record as stages
from towpath.source import snapshot as source
from towpath.source.snapshot import SourceFiles

# Bytes of a record: it holds all that a tool said.
LIMIT = 64 << 20


@dataclass(frozen=True)
class Begun:
    """When a check began (UTC), and the hash of all that it depends on."""

    started: dt.datetime
    inputs: str


@dataclass(frozen=True)
class ToolRecord:
    """How one tool of a check ended; `seconds` is its time, `version` the tool's own.

    It was spared `spared` files: of them it says what it said before, which is `kept`.
    """

    name: str
    version: str
    seconds: float
    ran: ToolResult
    seed: int | None = None
    kept: Sequence[Mapping[str, Any]] = ()
    spared: int = 0

    @property
    def files(self) -> int:
        """How many files it speaks of."""
        return self.ran.files + self.spared


def folder(config: Config, stage: str) -> Path:
    """Return the directory of a check's records."""
    return config.reports / "checks" / stage


def junit(config: Config, stage: str) -> Path:
    """Return the directory of a check's JUnit reports."""
    return config.reports / "junit" / stage


def coverage_data(config: Config, stage: str) -> Path:
    """Return the directory of the coverage data that a check's tests leave."""
    return config.reports / "coverage" / stage


def coverage_report(config: Config) -> Path:
    """Return the report of the coverage of all tests together."""
    return config.reports / "coverage.json"


def benchmark_report(config: Config) -> Path:
    """Return the report of what the performance tests measured."""
    return config.reports / "performance.json"


def begin(workspace: Workspace, stage: str) -> SourceFiles:
    """Forget all that an earlier run of this check left, note the time, return the source."""
    config = workspace.config
    for place in (folder, junit, coverage_data):
        shutil.rmtree(place(config, stage), ignore_errors=True)
    if stage == "tests":
        coverage_report(config).unlink(missing_ok=True)
    if stage == "performance":
        benchmark_report(config).unlink(missing_ok=True)
    seen = source.read_files(workspace)
    inputs = stages.check_inputs(workspace, seen, stage)
    begun = {"started": stages.now().isoformat(), "inputs": inputs}
    write_document(config, stage, "begun", begun)
    return seen


def begun(workspace: Workspace, stage: str) -> Begun:
    """Return what `begin` noted; raises NothingToJudgeError if the check did not begin."""
    document = read_document(workspace.config, stage, "begun")
    try:
        return Begun(dt.datetime.fromisoformat(document["started"]), document["inputs"])
    except (KeyError, TypeError, ValueError) as error:
        raise _spoilt(stage, "begun", str(error)) from error


def fits(workspace: Workspace, stage: str) -> bool:
    """Tell whether what a check left speaks of the files as they are."""
    try:
        noted = begun(workspace, stage).inputs
    except NothingToJudgeError:
        return False
    return noted == stages.check_inputs(workspace, source.read_files(workspace), stage)


def write_record(config: Config, stage: str, record: ToolRecord) -> None:
    """Keep how a tool ended."""
    write_document(config, stage, record.name, asdict(record))


def read_record(config: Config, stage: str, name: str) -> ToolRecord:
    """Return how a tool ended; raises NothingToJudgeError if it left nothing."""
    document = read_document(config, stage, name)
    try:
        return ToolRecord(**{**document, "ran": ToolResult(**document["ran"])})
    except (KeyError, TypeError) as error:
        raise _spoilt(stage, name, str(error)) from error


def write_document(config: Config, stage: str, name: str, document: Mapping[str, Any]) -> None:
    """Write a document into the check's records."""
    content = json.dumps(SECRETS.document(document), indent=1, sort_keys=True).encode() + b"\n"
    files.write_atomically(folder(config, stage) / f"{name}.json", content)


def read_document(config: Config, stage: str, name: str) -> dict[str, Any]:
    """Return a document of the check's records; raises NothingToJudgeError if it is not there."""
    file = folder(config, stage) / f"{name}.json"
    try:
        document = documents.loads(file.read_bytes(), LIMIT)
    except FileNotFoundError as error:
        raise NothingToJudgeError(
            f"There is nothing to judge {stage} by.",
            why=f"{file.relative_to(config.root)} does not exist.",
            next_step=f"Run the check: nox -s {stage}",
        ) from error
    except ValueError as error:
        raise _spoilt(stage, name, str(error)) from error
    if not isinstance(document, dict):
        raise _spoilt(stage, name, "It is no JSON object.")
    return document


def names(config: Config, stage: str) -> list[str]:
    """Return the names of the tools that left a record, sorted."""
    found = {file.stem for file in folder(config, stage).glob("*.json")}
    return sorted(found - {"begun"})


def _spoilt(stage: str, name: str, why: str) -> NothingToJudgeError:
    return NothingToJudgeError(
        f"The record of {name} in {stage} cannot be read.",
        why=why,
        next_step=f"Run the check again: nox -s {stage}",
    )
