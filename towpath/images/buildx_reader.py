"""Read the metadata, the log and the `docker info` of a build. Pure."""

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
# How many of the last lines of a failed step are shown.
LAST = 25
# Digits of the number of a line.
MOST_DIGITS = 7
# The largest metadata file that is read, in bytes; it includes the provenance.
LIMIT = 64 << 20
_STEP = re.compile(r"^#(?P<number>\d+) (?P<name>\[(?:[^\]]* internal\] .*|[^\]]*\]))", re.M)
_FAILED = re.compile(r"^#(?P<number>\d+) ERROR: (?P<error>.*)$", re.M)
_EXIT = re.compile(
    r"^#\d+ ERROR: process .* did not complete successfully: exit code: (\d+)$", re.M
)
_ERRORS = re.compile(r"^(?:#\d+ )?ERROR: (.*)$", re.M | re.I)
# Where in the Dockerfile the step is: buildx marks its lines. A failure of a stage shows one place.
_PLACE = re.compile(r"^ *(\d+) \| >>> ", re.M)
_PROVENANCE = re.compile(r"buildx\.build\.provenance(?:/.+)?")
# BuildKit's messages for an inconsistent cache, mostly while it was being pruned, or its snapshots
# were collected: moby/buildkit#3635, #1468 and #6521, containerd/nerdctl#2464, docker/buildx#101.
_CACHE_ERRORS = re.compile(
    r"failed to get state for index|inconsistent graph state|return leaving incoming open"
    r"|parent snapshot sha256:[0-9a-f]{64} does not exist: not found"
    r'|lease "[^"]+": not found|content digest sha256:[0-9a-f]{64}: not found'
)
# Its messages where a part of the cache is gone from the disk, which it notices at its use: they
# name a directory of its own. containerd, plugins/snapshots/overlay; moby/buildkit, cache/refs.go.
_DAMAGES = re.compile(
    r"failed to get usage for \S+: |/(?:snapshots|overlay2)/\w+\S*: no such file or directory"
)
_BUILDER = re.compile(r'^#0 building with "([^"\n]+)" instance', re.M)


@dataclass(frozen=True)
class Failure:
    """The step of a build that failed, as buildx names it, and the end of its output.

    `line` is the number of its first line in the Dockerfile, 0 where buildx does not name it.
    """

    step: str
    output: str
    line: int = 0


def built_digests(metadata: str, targets: Iterable[str]) -> dict[str, str]:
    """Return the digest of each target, from the file that `--metadata-file` names.

    Raises NothingToJudgeError for a target that is not in the file.
    """
    document = _object(metadata, "build metadata")
    digests = {}
    for target in targets:
        row = document.get(target)
        value = row.get("containerimage.digest") if isinstance(row, dict) else None
        if not isinstance(value, str):
            raise NothingToJudgeError(
                f"Unexpected format of the build metadata: no digest for target {target}."
            )
        digests[target] = digest(value)
    return digests


def materials(metadata: str, target: str) -> tuple[Mapping[str, Any], ...]:
    """Return the inputs of a target as buildx's provenance lists them; empty without provenance.

    Since 0.14, buildx writes provenance into the metadata, as SLSA 0.2 or 1.0; for several
    platforms there is one each, under a key that ends with the platform. Raises
    NothingToJudgeError for a provenance in another format.
    """
    row = _object(metadata, "build metadata").get(target) or {}
    try:
        parts = [value for key, value in sorted(row.items()) if _PROVENANCE.fullmatch(key)]
        unique = {
            json.dumps(one, sort_keys=True): one for part in parts for one in _materials(part)
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise NothingToJudgeError(
            f"Unexpected format of the build metadata: invalid provenance for target {target}.",
            why=documents.reason(error),
        ) from error
    return tuple(unique.values())


def _materials(provenance: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the materials of one provenance, which may be wrapped in an in-toto statement."""
    provenance = (provenance or {}).get("predicate") or provenance or {}
    newer = (provenance.get("buildDefinition") or {}).get("resolvedDependencies")
    rows = newer or provenance.get("materials") or []
    return [{"uri": row["uri"], "digest": row.get("digest") or {}} for row in rows]


def failure(log: str) -> Failure | None:
    """Return the first step that failed, from the output of `--progress=plain`; None without one.

    The last lines of that output are no help: buildx ends with the Dockerfile's lines and the whole
    failed command, not with the output of the step.
    """
    match = _FAILED.search(log)
    if match is None:
        return None
    number = match["number"]
    names = {row["number"]: row["name"] for row in _STEP.finditer(log)}
    output = re.findall(rf"^#{number} \d+\.\d+ (.*)$", log, re.M)
    ended = re.sub(r'^process ".*" (?=did not)', "It ", match["error"])
    place = _PLACE.search(log)
    return Failure(
        names.get(number, f"step {number}"),
        "\n".join([*output[-LAST:], ended]),
        int(place[1]) if place and len(place[1]) <= MOST_DIGITS else 0,
    )


def exit_codes(log: str) -> frozenset[int]:
    """Return the exit codes of the commands that failed, from what `--progress=plain` has shown."""
    return frozenset(int(code) for code in _EXIT.findall(log) if len(code) <= 3)


def is_cache_error(log: str) -> bool:
    """Tell whether BuildKit's cache failed, so that the same build may succeed when repeated."""
    return any(_CACHE_ERRORS.search(error) for error in _ERRORS.findall(log))


def cache_damage(log: str) -> tuple[str, str]:
    """Return a builder that cannot use its own cache, and its error; empty for any other log.

    Errors that a repeated build may not have count too: a log has those of the last attempt.
    """
    builder = _BUILDER.search(log)
    if builder is None:
        return "", ""
    errors = _ERRORS.findall(log)
    found = next((row for row in errors if _DAMAGES.search(row) or _CACHE_ERRORS.search(row)), "")
    return (builder[1], found) if found else ("", "")


def has_image_store(info: str) -> bool:
    """Tell whether the engine uses containerd's image store, from `docker info --format json`.

    Only such an engine builds for several platforms without a separate builder.
    Raises NothingToJudgeError for output that is not a JSON object.
    """
    status = _object(info, "output of `docker info`").get("DriverStatus") or []
    rows = status if isinstance(status, list) else []
    return any(isinstance(row, list) and row[1:] == [SNAPSHOTTER] for row in rows)


def engine_id(info: str) -> str:
    """Return the unique ID of an engine, from `docker info --format json`.

    Raises NothingToJudgeError for output that is not a JSON object.
    """
    return str(_object(info, "output of `docker info`").get("ID", ""))


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        document = documents.loads(text, LIMIT)
    except ValueError as error:
        raise NothingToJudgeError(f"Unexpected {what}: not valid JSON.", why=str(error)) from error
    if not isinstance(document, dict):
        raise NothingToJudgeError(f"Unexpected {what}: not a JSON object.")
    return document
