"""A cache of evidence: the last statement for each inputs, with copies of its artifacts.

The newest of each stage are kept, so that going back to another branch finds its evidence.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from towpath.config import CHECKS, Config
from towpath.core import documents, private
from towpath.core.errors import NothingToJudgeError
from towpath.core.files import file_hash, read_bounded
from towpath.evidence import statement as evidence
from towpath.evidence.statement import Statement

STAGES = (*CHECKS, "build", "scan")
# How many inputs of each stage are remembered.
LIMIT = 10


def folder(config: Config) -> Path:
    """Return the directory of the cache."""
    return config.reports / "evidence" / "cache"


def put(config: Config, statement: Statement) -> None:
    """Store a statement as the most recent one for its inputs, whatever its status.

    Raises ConfigurationError if the state directory cannot be used.
    """
    if statement.stage not in STAGES:
        return
    private.directory(folder(config))
    for name, sha256 in statement.artifacts.items():
        copy = _copy(config, sha256)
        if not copy.is_file() or file_hash(copy) != sha256:
            private.write_private(copy, (config.root / name).read_bytes())
    private.write_private(
        _place(config, statement.stage, statement.inputs), statement.encode() + b"\n"
    )
    _forget(config, statement.stage)


def get(config: Config, stage: str, inputs: str) -> Statement | None:
    """Return the last statement of a stage on these inputs, if there is one that can be read."""
    file = _place(config, stage, inputs)
    found = _read(file)
    if found is not None:
        # Another run may have dropped it in the meantime.
        with suppress(FileNotFoundError):
            os.utime(file)
    return found


def has(config: Config, stage: str) -> bool:
    """Tell whether the cache has any statement of a stage; if not, inputs need not be computed."""
    return any((folder(config) / stage).glob("*.json"))


def every(config: Config) -> list[Statement]:
    """Return all statements in the cache."""
    found = [_read(file) for file in sorted(folder(config).glob("*/*.json"))]
    return [row for row in found if row is not None]


def restore(config: Config, statement: Statement) -> bool:
    """Tell whether all artifacts of a statement are there, unchanged; restore those that are not.

    Nothing is ever written outside of the reports.
    """
    return all(_restored(config, name, sha256) for name, sha256 in statement.artifacts.items())


def _restored(config: Config, name: str, sha256: str) -> bool:
    file, copy = config.root / name, _copy(config, sha256)
    if file.is_file() and file_hash(file) == sha256:
        return True
    if not file.resolve().is_relative_to(config.reports.resolve()):
        return False
    if not copy.is_file() or file_hash(copy) != sha256:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(copy, file)
    return True


def _forget(config: Config, stage: str) -> None:
    """Delete the least recently used statements, and copies of artifacts that none of them has."""
    files = sorted(_place(config, stage, "x").parent.glob("*.json"), key=_used, reverse=True)
    for file in files[LIMIT:]:
        file.unlink(missing_ok=True)
    if files[LIMIT:]:
        wanted = {sha256 for row in every(config) for sha256 in row.artifacts.values()}
        _drop(file for file in _copy(config, "x").parent.glob("*") if file.name not in wanted)


def _drop(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _used(file: Path) -> int:
    """Return when a file was last used, in nanoseconds; 0 if another run has dropped it."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _read(file: Path) -> Statement | None:
    try:
        return evidence.decode(read_bounded(file, documents.BYTES), file.name)
    except (FileNotFoundError, NothingToJudgeError):
        return None


def _place(config: Config, stage: str, inputs: str) -> Path:
    return folder(config) / stage / f"{inputs}.json"


def _copy(config: Config, sha256: str) -> Path:
    return folder(config) / "artifacts" / sha256
