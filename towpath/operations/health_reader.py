"""What Docker's commands say of themselves -> plain values. Pure.

Sources: docker/cli, `docker info`; docker/buildx, commands/diskusage.go and commands/inspect.go.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from towpath.core import documents
from towpath.core.errors import CommandFailedError, NothingToJudgeError
from towpath.operations.health_rules import DAY, BuildCache

_UNITS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
_TOTAL = re.compile(r"^Total:\s+([0-9.]+)\s*([kKMGT]?)(i?)B\s*$", re.MULTILINE)
_MADE = re.compile(r"^Created at:\s+(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\S* ([+-]\d{4})", re.M)
_VERSION = re.compile(r"\bv?(\d+\.\d+(?:\.\d+)?[^\s,]*)")
_PLATFORMS = re.compile(r"^Platforms:[ \t]*(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class EngineInfo:
    """What an engine says of itself; `text` is the answer itself, `root` where it keeps images."""

    version: str
    platform: str
    root: str
    text: str


def engine_info(text: str) -> EngineInfo:
    """Read `docker info --format json`.

    Raises CommandFailedError with what the client says where the engine did not answer, and
    NothingToJudgeError for what is no such answer.
    """
    try:
        found = documents.loads(text)
        errors = found.get("ServerErrors") or []
    except (ValueError, AttributeError) as error:
        raise NothingToJudgeError("Unexpected answer of docker info.", why=str(error)) from error
    if errors or not found.get("ServerVersion"):
        raise CommandFailedError(
            "The Docker engine does not answer.", why=" ".join(map(str, errors))
        )
    machine = {"x86_64": "amd64", "aarch64": "arm64"}
    kind = str(found.get("Architecture", ""))
    return EngineInfo(
        str(found["ServerVersion"]),
        f"{found.get('OSType', '')}/{machine.get(kind, kind)}",
        str(found.get("DockerRootDir", "")),
        text,
    )


def version(text: str, what: str) -> str:
    """Return the first version in a text; raises NothingToJudgeError where it names none."""
    found = _VERSION.search(text)
    if found is None:
        raise NothingToJudgeError(f"{what} does not tell its version.", why=text[:200])
    return found[1]


def build_cache(text: str, now: dt.datetime) -> BuildCache:
    """Read `docker buildx du --verbose`; raises NothingToJudgeError where it names no total.

    A builder that keeps nothing has no records, and so no age.
    """
    total = _TOTAL.search(text)
    if total is None:
        raise NothingToJudgeError("buildx names no total size of its cache.", why=text[-200:])
    step = 1024 if total[3] else 1000
    try:
        size = float(total[1]) * step ** _UNITS[total[2]]
        made = [
            dt.datetime.fromisoformat(f"{day}T{time}{zone[:3]}:{zone[3:]}")
            for day, time, zone in _MADE.findall(text)
        ]
    except ValueError as error:
        raise NothingToJudgeError("Invalid answer of docker buildx du.", why=str(error)) from error
    return BuildCache(size, (now - min(made)).total_seconds() / DAY if made else None)


def platforms(text: str) -> tuple[str, ...]:
    """Return the platforms that a builder runs, from `docker buildx inspect`.

    Raises NothingToJudgeError for a builder that names none, as one does that was not started.
    """
    found = [
        name.strip().rstrip("*")
        for row in _PLATFORMS.findall(text)
        for name in row.split(",")
        if name.strip()
    ]
    if not found:
        raise NothingToJudgeError("The builder names no platform.", why="It was not started yet.")
    return tuple(dict.fromkeys(found))
