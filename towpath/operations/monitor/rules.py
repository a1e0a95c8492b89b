"""When monitoring ends early, when it has to begin again, and what is written of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from towpath import gates
from towpath.gates import Status, Verdict
from towpath.operations.monitor.readings import Figures, Peak, Reading

MARKS = {Status.PASSED: "✓", Status.FAILED: "✗", Status.ERRORED: "!"}
# These only grow: once they are over the limit, nothing that follows can bring them back.
FINAL = ("MONITOR_RESTARTS", "MONITOR_UNHEALTHY")
ERRORS = "MONITOR_ERROR_RATE"


def clearly_broken(verdicts: Iterable[Verdict], requests: int) -> str:
    """Return why monitoring may end now, or nothing: it can only fail, or fails by far.

    A container that was restarted, stopped or unhealthy decides at once. Errors decide when there
    were enough requests and the error rate is many times its limit.
    """
    for row in verdicts:
        if row.status is not Status.FAILED or row.value is None:
            continue
        if row.gate in FINAL:
            return f"{row.gate} cannot pass any more"
        if row.gate == ERRORS and gates.is_clear(row, requests):
            return (
                f"{row.gate} is more than {gates.CLEAR_TIMES} times its limit"
                f" after {requests} requests"
            )
    return ""


def deployments(reading: Reading) -> frozenset[str]:
    """Return which deployments have containers of the product."""
    return frozenset(
        row.container.deployment
        for row in reading.containers or ()
        # The label of a deployment: a service of the environment has none.
        if row.container.deployment
    )


def has_changed(first: Reading, now: Reading) -> bool:
    """Tell whether another deployment has begun since the first reading."""
    return now.containers is not None and not deployments(now) <= deployments(first)


def line(seconds: float, figures: Figures, status: Status) -> str:
    """Return one interval as a sentence of a person's language."""
    return f"{MARKS[status]} {seconds:4.0f} s  {'; '.join(parts(figures))}"


def parts(figures: Figures) -> list[str]:
    """Return what was measured, one part for each gate, and what could not be."""
    known = [
        _requests(figures),
        "" if figures.p95_ms is None else f"95 % answered within {figures.p95_ms:.0f} ms",
        _peak("CPU", figures.cpu),
        _peak("memory", figures.memory),
        _restarts(figures.restarts),
        _health(figures.unhealthy, figures.containers),
    ]
    return [*filter(None, known), *figures.problems]


def summary(environment: str, figures: Figures, early: str) -> str:
    """Return the sentence about all readings together."""
    ended = f" It ended early: {early}." if early else ""
    return (
        f"Watched {environment} for {figures.seconds:.0f} s: {_total(figures)}, of which"
        f" {figures.probes} were sent by Towpath itself.{ended}"
    )


def verdict_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """Return each verdict on a line."""
    width = max((len(row.gate) for row in verdicts), default=0)
    return [f"{MARKS[row.status]} {row.gate.ljust(width)}  {row.reason}" for row in verdicts]


def _total(found: Figures) -> str:
    count = found.responses + found.unanswered
    return f"{count} {'request' if count == 1 else 'requests'}"


def _requests(found: Figures) -> str:
    if found.error_percent is None:
        return "the error rate could not be measured"
    failed = found.errors + found.unanswered
    if not failed:
        return f"{_total(found)}, no errors"
    lost = f", {found.unanswered} without a response" if found.unanswered else ""
    word = "error" if failed == 1 else "errors"
    return f"{_total(found)}, {failed} {word} ({found.error_percent:.1f} %){lost}"


def _peak(what: str, peak: Peak | None) -> str:
    if peak is None:
        return f"{what} could not be measured"
    return f"{what} {peak.percent:.0f} % ({peak.container})"


def _restarts(count: int | None) -> str:
    if count is None:
        return "restarts could not be counted"
    words = {0: "no restarts", 1: "1 restart"}
    return words.get(count, f"{count} restarts")


def _health(unhealthy: Sequence[str] | None, containers: int) -> str:
    if unhealthy is None:
        return "containers could not be read"
    if unhealthy:
        return f"stopped or unhealthy: {', '.join(unhealthy)}"
    return f"all {containers} containers are healthy"
