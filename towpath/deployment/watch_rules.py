"""What was seen of new containers after the switch, and whether it undoes their release. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from towpath import gates
from towpath.environments.engine import Container
from towpath.environments.proxy_log_reader import percentile
from towpath.gates import Limits, Status, Verdict

STAGE = "watch"
ERRORS, LATENCY = "ERROR_RATE", "WATCH_LATENCY"
P95 = 95


@dataclass(frozen=True)
class Count:
    """The counters of a slot of the proxy: answers, and failures among them."""

    answers: int = 0
    failures: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.answers + other.answers, self.failures + other.failures)


def since(before: Count, now: Count) -> Count:
    """Return what was counted between two looks; a proxy that started again counts from zero."""
    if now.answers < before.answers or now.failures < before.failures:
        return now
    return Count(now.answers - before.answers, now.failures - before.failures)


@dataclass(frozen=True)
class WatchFigures:
    """What was seen of new containers; times are in milliseconds.

    `before` are the requests that the old release answered, `timed` those of the new one.
    `not_ready` is how often in a row the worst container failed its health check.
    """

    count: Count = Count()
    before: Sequence[float] = ()
    timed: Sequence[float] = ()
    restarts: int = 0
    not_ready: int = 0

    @property
    def p95_times(self) -> float | None:
        """How many times the 95th percentile of the old release the new one's is, at least.

        None where one of them answered too few requests.
        """
        if min(len(self.before), len(self.timed)) < gates.LATENCY_RESPONSES:
            return None
        deviations = gates.LATENCY_DEVIATIONS
        now = percentile(self.timed, P95, -deviations) or 0.0
        was = percentile(self.before, P95, deviations) or 0.0
        return round(now / max(was, gates.LATENCY_FLOOR), 3)

    def facts(self) -> dict[str, Any]:
        """Return the facts that the gates judge, and the figures behind them.

        What could not be measured is left out.
        """
        answers, failures = self.count.answers, self.count.failures
        found: dict[str, Any] = {
            "requests": answers,
            "errors": failures,
            "error_percent": round(100 * failures / answers, 2) if answers else None,
            "p95_ms": percentile(self.timed, P95),
            "p95_before_ms": percentile(self.before, P95),
            "p95_times": self.p95_times,
            "restarts": self.restarts,
            "not_ready": self.not_ready,
        }
        return {name: value for name, value in found.items() if value is not None}


def verdicts(figures: WatchFigures, limits: Limits) -> tuple[Verdict, ...]:
    """Return the verdict of each gate; errored is one for which there were too few requests."""
    return gates.judge(STAGE, figures.facts(), limits)


def failed_at_once(figures: WatchFigures, limits: Limits) -> list[Verdict]:
    """Return the gates that nothing which follows could make pass, or that failed by far."""
    return [row for row in _failed(figures, limits) if _is_sure(row, figures)]


def failed(figures: WatchFigures, limits: Limits) -> list[Verdict]:
    """Return the gates that failed when the time is over.

    A few errors among too few responses to judge their share are no failure.
    """
    return [row for row in _failed(figures, limits) if _counts(row, figures)]


def _failed(figures: WatchFigures, limits: Limits) -> list[Verdict]:
    return [row for row in verdicts(figures, limits) if row.status is Status.FAILED]


def _is_sure(row: Verdict, figures: WatchFigures) -> bool:
    if row.gate == ERRORS:
        return gates.is_clear(row, figures.count.answers)
    return row.gate != LATENCY or len(figures.timed) >= gates.LATENCY_RESPONSES_AT_ONCE


def _counts(row: Verdict, figures: WatchFigures) -> bool:
    if row.gate != ERRORS or figures.count.answers >= gates.CLEAR_RESPONSES:
        return True
    return figures.count.failures >= gates.CLEAR_ERRORS


def sentence(verdict: Verdict, figures: WatchFigures) -> str:
    """Return why a gate failed, with the figures of a person's language."""
    if verdict.gate == ERRORS:
        words = f"{figures.count.failures} of {figures.count.answers} answers were errors"
    elif verdict.gate == LATENCY:
        words = (
            f"95 % of {len(figures.timed)} requests were answered within"
            f" {percentile(figures.timed, P95):.0f} ms, by the old release within"
            f" {percentile(figures.before, P95):.0f} ms"
        )
    else:
        words = verdict.reason
    return f"{verdict.gate}: {words}."


def summary(figures: WatchFigures, seconds: float) -> str:
    """Return what was seen in the whole time, and what there were too few requests for."""
    count = figures.count
    words = f"Watched for {seconds:.0f} s: {count.answers} answers, {count.failures} errors"
    if figures.p95_times is None:
        return f"{words}; too few requests to compare latencies."
    was, now = percentile(figures.before, P95), percentile(figures.timed, P95)
    return f"{words}; 95 % answered within {now:.0f} ms, before within {was:.0f} ms."


def restarts(first: Mapping[str, Container], now: Sequence[Container]) -> int:
    """Return how often containers, by their ids, were stopped, restarted or removed since."""
    there = {row.id: row for row in now}
    return sum(_restarts_of(row, there.get(row.id)) for row in first.values())


def _restarts_of(before: Container, now: Container | None) -> int:
    if now is None or not now.running:
        return 1
    # `docker restart` starts a container anew without counting it.
    return max(now.restarts - before.restarts, int(now.started != before.started))
