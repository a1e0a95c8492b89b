"""What a probe found, and the rules that make it fine, a warning or an error. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from towpath import gates
from towpath.core import markup

GIB = 1 << 30
LONGEST = 300  # letters of a message
DAY = 86_400  # seconds


class Level(StrEnum):
    """How a check ends; a check that could not run is an error."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


MARKS = {Level.OK: "✓", Level.WARNING: "!", Level.ERROR: "✗"}


@dataclass(frozen=True)
class HealthCheck:
    """One line of the report: what was looked at, how it is, and the command that repairs it.

    `seconds` is how long the probe took.
    """

    subject: str
    level: Level
    message: str
    next_step: str = ""
    seconds: float = 0.0

    def line(self, width: int = 0) -> str:
        """Return the check as one line, its subject filled up to `width` letters."""
        words = one_line(self.message)
        step = f" → {one_line(self.next_step)}" if self.next_step and self.level != Level.OK else ""
        subject = one_line(self.subject).ljust(width)
        return f"{MARKS[self.level]} {subject}  {self.seconds:5.2f} s  {words}{step}"

    def as_json(self) -> dict[str, Any]:
        """Return the check as plain values."""
        return {
            "check": self.subject,
            "status": str(self.level),
            "message": self.message,
            "next": self.next_step,
            "seconds": round(self.seconds, 3),
        }


def one_line(text: str) -> str:
    """Return text of others on one line, bounded, and without control characters."""
    words = markup.visible(" ".join(text.split()))
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"


def worst(checks: Iterable[HealthCheck]) -> Level:
    """Return the worst level; of no check at all an error: nothing was looked at."""
    seen = {row.level for row in checks}
    return next(
        (level for level in (Level.ERROR, Level.WARNING, Level.OK) if level in seen), Level.ERROR
    )


@dataclass(frozen=True)
class Disk:
    """A file system: free bytes, and per cent of free inodes; None where it does not count them."""

    free: int
    inodes: float | None = None


def disk(subject: str, where: str, space: Disk, low: int, full: int, next_step: str) -> HealthCheck:
    """Judge the free room where images or state are kept; `low` and `full` are bytes."""
    room = f"{space.free / GIB:.1f} GiB free in {where}"
    if space.free < full:
        return HealthCheck(
            subject, Level.ERROR, f"{room}, at least {full / GIB:.1f} needed", next_step
        )
    if space.inodes is not None and space.inodes < gates.INODES_LOW:
        level = Level.ERROR if space.inodes < gates.INODES_FULL else Level.WARNING
        return HealthCheck(
            subject, level, f"{space.inodes:.1f} % of inodes free in {where}", next_step
        )
    if space.free < low:
        return HealthCheck(subject, Level.WARNING, f"{room}, below {low / GIB:.0f}", next_step)
    return HealthCheck(subject, Level.OK, room)


def clock(subject: str, ahead: float, uncertainty: float) -> HealthCheck:
    """Judge this machine's clock, which is `ahead` seconds of a registry's.

    `uncertainty` is how many seconds of it the answer's way and the whole seconds of a Date may be.
    """
    off = max(0.0, abs(ahead) - uncertainty)
    words = "in step" if not off else f"{off:.0f} s {'ahead' if ahead > 0 else 'behind'}"
    level = Level.OK
    if off > gates.CLOCK_DRIFT:
        level = Level.ERROR if off > gates.CLOCK_SKEW else Level.WARNING
    return HealthCheck(subject, level, words, "timedatectl set-ntp true")


@dataclass(frozen=True)
class BuildCache:
    """What a builder keeps: bytes, and the age of its oldest record in days, where it says that."""

    size: float
    age: float | None = None


def cache(subject: str, cache: BuildCache, builder: str) -> HealthCheck:
    """Judge the builder's cache: nothing is wrong with a large or old one but the disk it takes."""
    age = "" if cache.age is None else f", oldest record {cache.age:.0f} days"
    words = f"{cache.size / GIB:.1f} GiB{age}"
    if cache.size > gates.CACHE_LARGE or (cache.age or 0.0) > gates.CACHE_OLD:
        hours = gates.CACHE_OLD * 24
        step = f"docker buildx prune --builder={builder} --force --filter=until={hours}h"
        return HealthCheck(subject, Level.WARNING, words, step)
    return HealthCheck(subject, Level.OK, words)


def damaged(subject: str, why: str, builder: str) -> HealthCheck:
    """Return the warning of a cache that its builder cannot read: it costs time, no correctness."""
    step = f"docker buildx prune --builder={builder} --force --all"
    return HealthCheck(subject, Level.WARNING, f"the cache cannot be read: {why}", step)


def emulation(subject: str, needed: Iterable[str], offered: Iterable[str]) -> HealthCheck:
    """Judge whether the builder can run every platform that nothing else builds."""
    known = set(offered)
    missing = [name for name in needed if name not in known]
    if missing:
        names = ",".join(name.partition("/")[2] for name in missing)
        step = f"docker run --privileged --rm tonistiigi/binfmt --install={names}"
        return HealthCheck(subject, Level.ERROR, f"none for {', '.join(missing)}", step)
    return HealthCheck(subject, Level.OK, ", ".join(needed))


def advisories(
    stage: str, facts: Mapping[str, Any], since: float, limit: float, next_step: str
) -> HealthCheck:
    """Judge the age of the data about advisories that a stage used `since` seconds ago.

    `limit` is the gate's, in days. Without an age of its own in the facts it cannot be judged.
    """
    subject, age = f"advisories of {stage}", facts.get("age_days")
    if isinstance(age, bool) or not isinstance(age, int | float):
        words = "could not check: the evidence does not say how old the data was"
        return HealthCheck(subject, Level.ERROR, words, next_step)
    now = age + max(0.0, since) / DAY
    words = f"{now:.1f} days old, limit {limit:g}"
    return HealthCheck(subject, Level.OK if now <= limit else Level.ERROR, words, next_step)
