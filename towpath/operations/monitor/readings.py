"""What is read of an environment at one moment, and what a series of it amounts to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from towpath import gates
from towpath.environments.engine import Container
from towpath.environments.haproxy_reader import ResponseCount
from towpath.environments.proxy_log_reader import percentile
from towpath.operations.monitor.statistics_reader import Usage

UNHEALTHY = "unhealthy"


@dataclass(frozen=True)
class ContainerReading:
    """A container at one moment; `usage` is None where it does not run or could not be read."""

    container: Container
    usage: Usage | None = None

    @property
    def is_well(self) -> bool:
        """Whether it runs and is not unhealthy; one that is still starting is neither."""
        return self.container.running and self.container.health != UNHEALTHY


@dataclass(frozen=True)
class Reading:
    """One look at an environment, `seconds` after the first; None is what could not be read.

    `responses` counts since the proxy started. `milliseconds` are those of the requests since the
    reading before, `probes` our own requests since then, `unanswered` those without any response.
    `problems` are sentences about what could not be read.
    """

    seconds: float
    responses: ResponseCount | None
    milliseconds: tuple[float, ...] | None
    containers: tuple[ContainerReading, ...] | None
    probes: int = 0
    unanswered: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Peak:
    """The highest percentage of a resource, and the container that it is of."""

    percent: float
    container: str


@dataclass(frozen=True)
class Figures:
    """What a series of readings amounts to; None is what could not be measured."""

    seconds: float
    responses: int
    errors: int
    probes: int
    unanswered: int
    error_percent: float | None
    p95_ms: float | None
    cpu: Peak | None
    memory: Peak | None
    restarts: int | None
    unhealthy: tuple[str, ...] | None
    containers: int
    problems: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return the facts that the gates judge, and the counts behind them.

        What could not be measured is left out, so that its gate is errored.
        """
        found: dict[str, Any] = {
            "seconds": round(self.seconds, 1),
            "requests": self.responses + self.unanswered,
            "probes": self.probes,
            "errors": self.errors + self.unanswered,
            "error_percent": _rounded(self.error_percent),
            "p95_ms": self.p95_ms,
            "cpu_percent": _rounded(self.cpu.percent if self.cpu else None),
            "memory_percent": _rounded(self.memory.percent if self.memory else None),
            "restarts": self.restarts,
            "unhealthy": None if self.unhealthy is None else len(self.unhealthy),
            "containers": self.containers,
            "problems": list(self.problems),
        }
        return {name: value for name, value in found.items() if value is not None}


def figures(readings: Sequence[Reading]) -> Figures:
    """Return what readings amount to; the first is what the others are compared with."""
    first, *later = readings
    counted = _counted(readings)
    unanswered = sum(row.unanswered for row in later)
    last = readings[-1]
    return Figures(
        seconds=last.seconds - first.seconds,
        responses=counted.responses if counted else 0,
        errors=counted.errors if counted else 0,
        probes=sum(row.probes for row in later),
        unanswered=unanswered,
        error_percent=_error_percent(counted, unanswered),
        p95_ms=_latency(later),
        cpu=_peak(later, lambda: _processor_time(readings)),
        memory=_peak(later, lambda: _memory(later)),
        restarts=_restarts(readings),
        unhealthy=_unhealthy(readings),
        containers=len(last.containers or ()),
        problems=tuple(dict.fromkeys(text for row in readings for text in row.problems)),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _counted(readings: Sequence[Reading]) -> ResponseCount | None:
    """Return the responses between the first and the last reading; None if either is missing."""
    if len(readings) < 2 or readings[0].responses is None or readings[-1].responses is None:
        return None
    counts = [row.responses for row in readings if row.responses is not None]
    responses = errors = 0
    for before, after in pairwise(counts):
        # A proxy that was started again counts from zero.
        again = after.responses < before.responses
        responses += after.responses - (0 if again else before.responses)
        errors += after.errors - (0 if again else before.errors)
    return ResponseCount(responses, max(0, errors))


def _error_percent(counted: ResponseCount | None, unanswered: int) -> float | None:
    """Return the percentage of errors; None where nothing was counted, or nothing was asked."""
    if counted is None:
        return None
    everything = counted.responses + unanswered
    return 100 * (counted.errors + unanswered) / everything if everything else None


def _latency(later: Sequence[Reading]) -> float | None:
    """Return the 95th percentile in milliseconds; a log that cannot be read at the end has none.

    One that could not be read in between is read from where it was left the next time.
    """
    if not later or later[-1].milliseconds is None:
        return None
    return percentile((value for row in later for value in row.milliseconds or ()), 95)


def _peak(later: Sequence[Reading], act: Callable[[], list[Peak]]) -> Peak | None:
    """Return the highest percentage; None if too few of the readings have the usage."""
    known = sum(_has_usage(row) for row in later)
    if not later or known < gates.MONITOR_MEASURED * len(later):
        return None
    return max(act(), key=lambda row: row.percent, default=None)


def _has_usage(reading: Reading) -> bool:
    running = [row for row in reading.containers or () if row.container.running]
    return bool(running) and all(row.usage is not None for row in running)


def _processor_time(readings: Sequence[Reading]) -> list[Peak]:
    """Return the average processor time of each container, of what it may use."""
    totals: dict[str, tuple[float, float]] = {}
    for before, after in pairwise(readings):
        for name, spent, could in _spent(before, after):
            known = totals.get(name, (0.0, 0.0))
            totals[name] = (known[0] + spent, known[1] + could)
    return [Peak(min(100.0, 100 * spent / could), name) for name, (spent, could) in totals.items()]


def _spent(before: Reading, after: Reading) -> Iterator[tuple[str, float, float]]:
    """Yield each container with the processor time that it spent, and that it could have.

    One that was started in between counts from zero, so that there is no difference to take.
    """
    earlier = {row.container.id: row.usage for row in before.containers or ()}
    for row in after.containers or ():
        was, now = earlier.get(row.container.id), row.usage
        if was is None or now is None or now.used < was.used or now.passed <= was.passed:
            continue
        yield row.container.name, now.used - was.used, (now.passed - was.passed) * now.allowed


def _memory(later: Sequence[Reading]) -> list[Peak]:
    """Return the memory of each container in each reading, of its limit."""
    return [
        Peak(min(100.0, row.usage.memory_percent), row.container.name)
        for reading in later
        for row in reading.containers or ()
        if row.usage is not None
    ]


def _restarts(readings: Sequence[Reading]) -> int | None:
    """Return how often the containers of the first reading were restarted or removed."""
    if readings[0].containers is None or readings[-1].containers is None:
        return None
    count: dict[str, int] = {}
    for reading in readings[1:]:
        if reading.containers is None:
            continue
        now = {row.container.id: row.container for row in reading.containers}
        for row in readings[0].containers:
            found = _restarts_of(row.container, now.get(row.container.id))
            count[row.container.id] = max(count.get(row.container.id, 0), found)
    return sum(count.values())


def _restarts_of(before: Container, now: Container | None) -> int:
    if now is None:
        return 1
    # `docker restart` starts a container anew without counting it.
    by_hand = now.running and before.running and now.started != before.started
    return max(now.restarts - before.restarts, int(by_hand))


def _unhealthy(readings: Sequence[Reading]) -> tuple[str, ...] | None:
    """Return the names of the containers that were stopped or unhealthy in any reading."""
    if readings[-1].containers is None:
        return None
    rows = [row for reading in readings for row in reading.containers or ()]
    return tuple(sorted({row.container.name for row in rows if not row.is_well}))
