"""What buildx and the engine say about a build and themselves, as JSON. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from towpath.core import documents
from towpath.core.errors import NothingToJudgeError
from towpath.core.references import digest

SNAPSHOTTER = "io.containerd.snapshotter.v1"
# How many of the last lines of a step tell why it failed.
LAST = 25
# Bytes of what buildx writes about a build, its provenance in it.
LIMIT = 64 << 20
_STEP = re.compile(r"^#(?P<number>\d+) (?P<name>\[(?:[^\]]* internal\] .*|[^\]]*\]))", re.M)
_FAILED = re.compile(r"^#(?P<number>\d+) ERROR: (?P<error>.*)$", re.M)
_EXIT = re.compile(
    r"^#\d+ ERROR: process .* did not complete successfully: exit code: (\d+)$", re.M
)
_ERRORS = re.compile(r"^(?:#\d+ )?ERROR: (.*)$", re.M | re.I)
_PROVENANCE = re.compile(r"buildx\.build\.provenance(?:/.+)?")
# What BuildKit says where it lost track of its own cache, mostly while that was being cleaned up:
# moby/buildkit#3635 and #1468, containerd/nerdctl#2464, docker/buildx#101.
_LOST = re.compile(
    r"failed to get state for index|inconsistent graph state|return leaving incoming open"
    r'|lease "[^"]+": not found|content digest sha256:[0-9a-f]{64}: not found'
)


@dataclass(frozen=True)
class Failure:
    """The step of a build that failed, as buildx names it, and the end of what it said."""

    step: str
    said: str


def built_digests(metadata: str, targets: Iterable[str]) -> dict[str, str]:
    """Return the digest of each target, from the file that `--metadata-file` names.

    A target that is not in there raises NothingToJudgeError.
    """
    document = _object(metadata, "The build's metadata")
    found = {}
    for target in targets:
        row = document.get(target)
        said = row.get("containerimage.digest") if isinstance(row, dict) else None
        if not isinstance(said, str):
            raise NothingToJudgeError(f"The build's metadata names no digest of {target}.")
        found[target] = digest(said)
    return found


def materials(metadata: str, target: str) -> tuple[Mapping[str, Any], ...]:
    """Return what buildx itself says went into a target; nothing where it does not say.

    Since 0.14 it writes its provenance into the metadata, in the words of SLSA 0.2 or 1.0; where
    it builds for several platforms, one for each, under a key that ends with the platform. Raises
    NothingToJudgeError for a provenance of another form.
    """
    row = _object(metadata, "The build's metadata").get(target) or {}
    try:
        said = [value for key, value in sorted(row.items()) if _PROVENANCE.fullmatch(key)]
        found = {json.dumps(one, sort_keys=True): one for part in said for one in _materials(part)}
    except (AttributeError, KeyError, TypeError) as error:
        raise NothingToJudgeError(
            f"The build's metadata has a provenance of {target} that cannot be read.",
            why=repr(error),
        ) from error
    return tuple(found.values())


def _materials(said: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the materials of one provenance, which may stand in an in-toto statement."""
    said = (said or {}).get("predicate") or said or {}
    newer = (said.get("buildDefinition") or {}).get("resolvedDependencies")
    rows = newer or said.get("materials") or []
    return [{"uri": row["uri"], "digest": row.get("digest") or {}} for row in rows]


def failure(log: str) -> Failure | None:
    """Return the first step that failed, from what `--progress=plain` has shown; None without any.

    buildx ends with the lines of the Dockerfile, and with the command that failed on one line: a
    script there leaves no room for what it said.
    """
    found = _FAILED.search(log)
    if found is None:
        return None
    number = found["number"]
    names = {row["number"]: row["name"] for row in _STEP.finditer(log)}
    said = re.findall(rf"^#{number} \d+\.\d+ (.*)$", log, re.M)
    ended = re.sub(r'^process ".*" (?=did not)', "It ", found["error"])
    return Failure(names.get(number, f"step {number}"), "\n".join([*said[-LAST:], ended]))


def exit_codes(log: str) -> frozenset[int]:
    """Return the exit codes of the commands that failed, from what `--progress=plain` has shown."""
    return frozenset(int(code) for code in _EXIT.findall(log) if len(code) <= 3)


def is_lost(said: str) -> bool:
    """Tell whether the builder itself failed, so that the same build may well succeed next time."""
    return any(_LOST.search(error) for error in _ERRORS.findall(said))


def has_image_store(info: str) -> bool:
    """Tell whether the engine keeps images in containerd, from `docker info --format json`.

    Only such an engine builds for several platforms without a builder of its own.
    """
    status = _object(info, "The engine's answer").get("DriverStatus") or []
    rows = status if isinstance(status, list) else []
    return any(isinstance(row, list) and row[1:] == [SNAPSHOTTER] for row in rows)


def engine_id(info: str) -> str:
    """Return what an engine calls itself, which no other does, from `docker info --format json`."""
    return str(_object(info, "The engine's answer").get("ID", ""))


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        document = documents.loads(text, LIMIT)
    except ValueError as error:
        raise NothingToJudgeError(f"{what} is not JSON.", why=str(error)) from error
    if not isinstance(document, dict):
        raise NothingToJudgeError(f"{what} is no JSON object.")
    return document
