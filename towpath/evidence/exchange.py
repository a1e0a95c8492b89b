"""Passing evidence from one job of a CI run to the next: one file, which is verified.

A job that runs the project's code can write any file. So the next job accepts only the stages of
that job, about the commit that both have checked out, and only a file with the sha256 that the CI
system passed on separately.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from towpath.config.workspace import Workspace
from towpath.core import documents, files
from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.core.suggest import nearest
from towpath.evidence import record as stages
from towpath.evidence import statement as evidence
from towpath.evidence.statement import BEFORE_IMAGE, OF_IMAGE, Statement
from towpath.source import snapshot as source
from towpath.source.snapshot import SourceFiles

STAGES = (*BEFORE_IMAGE, *OF_IMAGE)
# Bytes: statements are some kilobytes each.
LARGEST = 16 * 1024 * 1024
_NEXT = "Run the job that produced it again; see docs/ci.md."


def parse_stages(text: str) -> tuple[str, ...]:
    """Parse a comma-separated list of stages; raises ConfigurationError for an unknown one."""
    found = tuple(dict.fromkeys(filter(None, (name.strip() for name in text.split(",")))))
    for name in found:
        if name not in STAGES:
            raise ConfigurationError(
                f"Unknown stage {name!r}.{nearest(name, STAGES)}",
                why=f"--stages takes a comma-separated list of {', '.join(STAGES)}.",
            )
    if not found:
        raise ConfigurationError(
            "No stage was specified.", next_step="For example: --stages=lint,tests"
        )
    return found


def export(workspace: Workspace, target: Path, names: Iterable[str]) -> str:
    """Write the statements of these stages into one file and return the file's sha256.

    Raises NothingToJudgeError if one is not there.
    """
    rows = [stages.require(workspace.config, name).as_json() for name in names]
    raw = json.dumps({"statements": rows}, sort_keys=True, separators=(",", ":")).encode()
    files.write_atomically(workspace.config.root / target, raw)
    return hashlib.sha256(raw).hexdigest()


def import_statements(
    workspace: Workspace, file: Path, expected: tuple[str, ...], *, commit: str, sha256: str
) -> list[Statement]:
    """Check a file of statements and write them as this job's own; return them.

    Raises NothingToJudgeError if it has other bytes than `sha256` says, lacks a stage or has one
    that is not in `expected`, was reused from an earlier run, or is not about `commit`.
    """
    here = source.read_files(workspace)
    if here.commit != commit:
        raise _refused(file, f"The run is for {commit}, but {here.commit} is checked out.")
    found = _statements(file, _bytes(workspace.config.root / file, file, sha256))
    _check_stages(file, [row.stage for row in found], expected)
    if reasons := [*_different_images(found), *(why for row in found for why in _of(row, here))]:
        raise _refused(file, "; ".join(reasons))
    for row in found:
        stages.write_statement(workspace.config, row)
    return found


def _bytes(place: Path, file: Path, sha256: str) -> bytes:
    try:
        about = place.lstat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
            raise _refused(file, f"It is not a regular file of at most {LARGEST} bytes.")
        raw = place.read_bytes()
    except FileNotFoundError as error:
        raise _refused(file, "The file does not exist.") from error
    seen = hashlib.sha256(raw).hexdigest()
    if seen != sha256.removeprefix("sha256:"):
        raise _refused(file, f"Its sha256 is {seen}, not {sha256[:80] or 'nothing'}.")
    return raw


def _statements(file: Path, raw: bytes) -> list[Statement]:
    try:
        rows: Any = documents.loads(raw, LARGEST)["statements"]
        texts = [json.dumps(row) for row in list(rows)]
    except (ValueError, KeyError, TypeError) as error:
        raise _refused(
            file, f"It is not a list of statements. {documents.reason(error)}"
        ) from error
    try:
        return [evidence.decode(text, str(file)) for text in texts]
    except NothingToJudgeError as error:
        raise _refused(file, error.why) from error


def _check_stages(file: Path, seen: Sequence[str], wanted: Iterable[str]) -> None:
    if sorted(seen) != sorted(wanted):
        stated = ", ".join(seen)[:200] or "no stage"
        raise _refused(file, f"It has statements for {stated}; expected: {', '.join(wanted)}.")


def _different_images(rows: Iterable[Statement]) -> list[str]:
    images = {row.subject.digest.get("sha256") for row in rows if row.stage in OF_IMAGE}
    return ["its statements are about different images"] if len(images) > 1 else []


def _of(row: Statement, here: SourceFiles) -> list[str]:
    """Return why a statement is not of this run, about the source that is checked out."""
    found = []
    if row.reuses:
        found.append(f"{row.stage} was reused from an earlier run, not run in this one")
    if row.stage in BEFORE_IMAGE:
        about = {"commit": row.subject.digest.get("gitCommit"), "tree": _tree(row)}
    elif row.stage == "build":
        about = {name: row.facts.get(name) for name in ("commit", "tree")}
    else:
        about = {}
    for name, value in about.items():
        if value != getattr(here, name):
            found.append(f"{row.stage} is about another {name}: {str(value)[:80]}")
    return found


def _tree(row: Statement) -> str | None:
    return row.subject.digest.get("gitTree")


def _refused(file: Path, why: str) -> NothingToJudgeError:
    return NothingToJudgeError(f"{file} is not accepted as evidence.", why=why, next_step=_NEXT)
