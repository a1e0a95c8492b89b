"""The table of gates, and the one rule that turns a fact into a verdict.

This is the only place with a threshold. Standard library only, no input or output.
A fact that is not there gives an errored verdict, never a passed one.
"""

from __future__ import annotations

import hashlib
import json
import math
import operator
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, cast

from towpath.core.suggest import nearest


class Status(StrEnum):
    """How a verdict ends. The order is the order of severity, worst last."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"


@dataclass(frozen=True)
class Gate:
    """A rule with a stable code, a direction and a limit, for one fact of one stage."""

    code: str
    stage: str
    fact: str
    direction: str
    limit: float
    unit: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.code} {self.direction} {self.limit:g}{self.unit}"

    def is_met_by(self, limit: float) -> bool:
        """Tell whether another limit is at least as strict as this one."""
        return limit >= self.limit if self.direction in (">", ">=") else limit <= self.limit


@dataclass(frozen=True)
class Verdict:
    """The verdict of a gate on a fact; `value` is None where there was nothing to evaluate."""

    gate: str
    stage: str
    status: Status
    value: float | None
    limit: float
    direction: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as plain values for a statement or a report."""
        return asdict(self)


# Limits that a project has set for itself, by the codes of their gates.
# None where the project has nothing that the gate is about.
Limits = Mapping[str, float | None]
NO_LIMITS: Limits = {}

_DIRECTIONS = {"<": operator.lt, "<=": operator.le, ">=": operator.ge, ">": operator.gt}

# Options that leave the decision about coverage and failures to this table: with settings of the
# project the tools could fail by their own limits, or stop early.
COVERAGE_UNJUDGED = "--fail-under=0"
COVERAGE_LIMIT = "fail_under"
TESTS_UNJUDGED = ("--cov-fail-under=0", "--maxfail=0")

GATES: tuple[Gate, ...] = (
    Gate(
        "LINT",
        "lint",
        "issues",
        "<=",
        0,
        "",
        "findings of black, isort, flake8, mypy and the other linters",
    ),
    Gate(
        "COMPLEXITY",
        "lint",
        "complexity",
        "<",
        10,
        "",
        "cyclomatic complexity of the most complex function",
    ),
    # Radon's documentation, "Commands": above 19 is A, "very high"; 10 to 19 is B, "medium".
    Gate(
        "MAINTAINABILITY",
        "lint",
        "maintainability",
        ">",
        19,
        "",
        "maintainability index of the least maintainable module",
    ),
    Gate(
        "TESTS_RUN",
        "tests",
        "tests_run",
        ">",
        0,
        "",
        "tests that ran: a run without tests proves nothing",
    ),
    Gate(
        "TESTS_FAILED",
        "tests",
        "tests_failed",
        "<=",
        0,
        "",
        "failed tests and tests that ended with an error",
    ),
    Gate(
        "COVERAGE",
        "tests",
        "coverage",
        ">=",
        80,
        " %",
        "covered lines and branches, all sessions combined",
    ),
    Gate(
        "COVERAGE_NEW",
        "tests",
        "coverage_new",
        ">=",
        80,
        " %",
        "covered lines and branches of the files that the baseline does not know",
    ),
    Gate(
        "INTEGRATION_RUN",
        "integration",
        "tests_run",
        ">",
        0,
        "",
        "tests that ran: a run without tests proves nothing",
    ),
    Gate(
        "INTEGRATION_FAILED", "integration", "tests_failed", "<=", 0, "", "failed integration tests"
    ),
    # A quiet machine and a very busy one differ by up to 1.3 in the same code.
    Gate(
        "CODE_CRITICAL",
        "security",
        "code_critical",
        "<=",
        0,
        "",
        "critical findings in the project's own code",
    ),
    Gate(
        "CODE_HIGH", "security", "code_high", "<=", 0, "", "high findings in the project's own code"
    ),
    Gate(
        "SECRETS",
        "security",
        "secrets",
        "<=",
        0,
        "",
        "secrets found in the source tree, except reviewed ones",
    ),
    Gate(
        "ADVISORIES_CRITICAL",
        "security",
        "advisories_critical",
        "<=",
        0,
        "",
        "critical advisories for the dependencies",
    ),
    Gate(
        "ADVISORIES_HIGH",
        "security",
        "advisories_high",
        "<=",
        0,
        "",
        "high or unrated advisories for the dependencies",
    ),
    # The free data of safety is updated monthly; a few days more are for mirrors.
    Gate(
        "ADVISORIES_AGE",
        "security",
        "age_days",
        "<=",
        35,
        " days",
        "age of the oldest advisory data",
    ),
    Gate(
        "PLATFORMS_MISSING",
        "build",
        "platforms_missing",
        "<=",
        0,
        "",
        "requested platforms that the image index lacks",
    ),
    Gate("IMAGE_CRITICAL", "scan", "critical", "<=", 0, "", "critical findings in the image"),
    Gate("IMAGE_HIGH", "scan", "high", "<=", 0, "", "high findings in the image"),
    Gate(
        "IMAGE_SIZE",
        "scan",
        "above_base_mb",
        "<=",
        60,
        " MB",
        "compressed size above the base image, largest platform",
    ),
    Gate(
        "IMAGE_ADVISORIES_AGE",
        "scan",
        "age_days",
        "<=",
        35,
        " days",
        "age of the oldest advisory data that the image was scanned with",
    ),
    Gate("SBOM_MISSING", "scan", "sbom_missing", "<=", 0, "", "platforms without an SBOM"),
    Gate(
        "VERIFIED", "verify", "mismatches", "<=", 0, "", "responses that do not name this release"
    ),
    # Asked by a deployment while it watches the new containers, not by a stage of a run.
    Gate(
        "ERROR_RATE",
        "watch",
        "error_percent",
        "<=",
        1,
        " %",
        "errors among the first responses of new containers",
    ),
    Gate(
        "WATCH_LATENCY",
        "watch",
        "p95_times",
        "<=",
        3,
        " times",
        "time within which 95 % of the requests had their response, compared with the old release",
    ),
    Gate(
        "WATCH_RESTARTS",
        "watch",
        "restarts",
        "<=",
        0,
        "",
        "new containers that stopped, were restarted or removed",
    ),
    Gate(
        "WATCH_NOT_READY",
        "watch",
        "not_ready",
        "<=",
        2,
        "",
        "consecutive health checks that a new container failed after the switch",
    ),
    Gate(
        "MONITOR_ERROR_RATE",
        "monitor",
        "error_percent",
        "<=",
        1,
        " %",
        "server errors among all responses of the proxy, and requests without any response",
    ),
    # web.dev, "Time to First Byte": more than 1.8 s is poor.
    Gate(
        "MONITOR_LATENCY",
        "monitor",
        "p95_ms",
        "<=",
        1800,
        " ms",
        "time within which 95 % of the requests had their response",
    ),
    Gate(
        "MONITOR_CPU",
        "monitor",
        "cpu_percent",
        "<=",
        90,
        " %",
        "average processor time of the busiest container, of what it may use",
    ),
    Gate(
        "MONITOR_MEMORY",
        "monitor",
        "memory_percent",
        "<=",
        90,
        " %",
        "largest memory of a container, of its limit",
    ),
    Gate(
        "MONITOR_RESTARTS",
        "monitor",
        "restarts",
        "<=",
        0,
        "",
        "containers that were restarted or removed",
    ),
    Gate(
        "MONITOR_UNHEALTHY",
        "monitor",
        "unhealthy",
        "<=",
        0,
        "",
        "containers that were stopped or unhealthy at any time",
    ),
)

# Judged by a command of its own, and by nothing else: no release waits for it. How long a hot path
# takes depends on who else uses the machine, and "run it again until it passes" is no evidence.
MEASUREMENTS: tuple[Gate, ...] = (
    Gate(
        "SLOWDOWN",
        "performance",
        "slowdown",
        "<=",
        1.5,
        "",
        "slowest hot path: its time relative to the reference, compared with the baseline",
    ),
)

# Judged only where a limit is set: by the baseline of a project.
OPTIONAL = frozenset({"COVERAGE_NEW"})

# Without integration tests these have nothing to judge.
INTEGRATION_GATES = ("INTEGRATION_RUN", "INTEGRATION_FAILED")

# Days for which an answer about advisories counts, unless the project says otherwise.
EVIDENCE_DAYS = 30
# Seconds by which the clocks of two machines may differ.
CLOCK_SKEW = 300
# What `invoke health` warns of, and what it calls an error: bytes free where images and where state
# are kept, per cent of free inodes, seconds of a clock (CLOCK_SKEW is its error), the size in bytes
# and the age in days of the builder's cache, which are warnings only.
IMAGES_DISK_LOW, IMAGES_DISK_FULL = 10 << 30, 2 << 30
STATE_DISK_LOW, STATE_DISK_FULL = 1 << 30, 200 << 20
INODES_LOW, INODES_FULL = 5.0, 1.0
CLOCK_DRIFT = 30
CACHE_LARGE, CACHE_OLD = 50 << 30, 30
# An error rate is clear, and nothing is waited for, when so many responses were counted and it is
# more than so many times its limit. Of fewer responses so many have to be errors.
CLEAR_RESPONSES, CLEAR_TIMES, CLEAR_ERRORS = 20, 10, 3
# Latencies are compared when both releases answered so many requests, at once when the new one
# answered so many. The figures are the ends of the intervals in which the percentiles lie, so many
# standard deviations away: a share of slow requests near 5 % makes the 95th percentile jump. The
# old release counts with so many milliseconds at least.
LATENCY_RESPONSES, LATENCY_RESPONSES_AT_ONCE = 20, 100
LATENCY_DEVIATIONS, LATENCY_FLOOR = 3.0, 200.0
# Seconds that a deployment waits for an engine or a proxy that does not answer.
OUTAGE_PATIENCE = 60
# A figure of containers counts if this share of the readings had it.
MONITOR_MEASURED = 0.8
# A baseline of a size is a multiple of so many MB: a line of code, or an update of a package,
# changes nothing.
SIZE_STEP = 5
# Days before the end of a waiver from which on somebody is notified.
WAIVER_NOTICE = 14
PERCENT = " %"
HUNDRED = 100
# Letters of a fact that a reason shows.
SHOWN = 80


def table(limits: Limits = NO_LIMITS) -> tuple[Gate, ...]:
    """Return every gate, with the limit that a project has set for it in place of the table's."""
    return _with_limits(GATES, limits)


def known() -> tuple[Gate, ...]:
    """Return every rule with a limit: the gates, and what is judged by a command of its own."""
    return (*GATES, *MEASUREMENTS)


def gate(code: str, limits: Limits = NO_LIMITS) -> Gate:
    """Return the gate with this code; raise KeyError naming the nearest one if there is none."""
    for row in _with_limits(known(), limits):
        if row.code == code.upper():
            return row
    raise KeyError(f"Unknown gate {code!r}.{nearest(code.upper(), (row.code for row in known()))}")


def of_stage(stage: str, limits: Limits = NO_LIMITS) -> tuple[Gate, ...]:
    """Return what judges a stage, in the order of the table."""
    return tuple(row for row in _with_limits(known(), limits) if row.stage == stage)


def evaluate(rule: Gate, fact: object) -> Verdict:
    """Judge one fact: passed, failed, or errored where it is no number that this fact can have."""
    if problem := _problem(rule, fact):
        return _verdict(rule, Status.ERRORED, None, f"{rule.fact}: {problem}")
    value = cast("float", fact)
    status = Status.PASSED if _DIRECTIONS[rule.direction](value, rule.limit) else Status.FAILED
    return _verdict(rule, status, value, f"{rule.fact} is {value:g}{rule.unit}; required: {rule}")


def judge(
    stage: str, facts: Mapping[str, object], limits: Limits = NO_LIMITS
) -> tuple[Verdict, ...]:
    """Judge all gates of a stage; a fact that is missing makes its gate errored."""
    return tuple(evaluate(rule, facts.get(rule.fact)) for rule in of_stage(stage, limits))


def is_clear(verdict: Verdict, responses: int) -> bool:
    """Tell whether an error rate failed by so far, over so many responses, that no more is needed.

    `responses` is how many were counted.
    """
    return (
        verdict.status is Status.FAILED
        and verdict.value is not None
        and responses >= CLEAR_RESPONSES
        and verdict.value > CLEAR_TIMES * verdict.limit
    )


def worst(statuses: Iterable[Status | str]) -> Status:
    """Return the worst of the statuses: failed wins over errored, errored over passed.

    A failed gate decides, whatever else could not be evaluated. Without any status the result is
    errored: nothing was proven.
    """
    seen = {Status(status) for status in statuses}
    for status in (Status.FAILED, Status.ERRORED, Status.PASSED):
        if status in seen:
            return status
    return Status.ERRORED


def waive(verdicts: Iterable[Verdict], waived: Mapping[str, str]) -> tuple[Verdict, ...]:
    """Let a waived gate pass where it failed, and say so in its reason.

    `waived` maps gate codes to the waiver's words. An errored verdict stays errored: a waiver
    accepts what was measured, not that nothing was.
    """
    return tuple(
        (
            replace(row, status=Status.PASSED, reason=f"{row.reason}; waived: {waived[row.gate]}")
            if row.status is Status.FAILED and row.gate in waived
            else row
        )
        for row in verdicts
    )


def policy_hash(
    waivers: Iterable[Mapping[str, object]] = (),
    limits: Limits = NO_LIMITS,
    settings: Mapping[str, object] | None = None,
) -> str:
    """Return the sha256 of every gate and waiver, so that evidence names the policy it met.

    `settings` are the project's own that change a verdict as well, as plain values.
    """
    rows: list[Any] = [asdict(row) for row in table(limits)] + [dict(row) for row in waivers]
    rows += [dict(settings)] if settings else []
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _problem(rule: Gate, fact: object) -> str:
    """Return why a fact cannot be judged; empty if it can. All of them count from zero up."""
    if fact is None:
        return "not reported"
    if isinstance(fact, bool) or not isinstance(fact, int | float) or not _is_finite(fact):
        return f"{shown(fact)} is not a number"
    if fact < 0:
        return f"{shown(fact)} is negative"
    if rule.unit == PERCENT and fact > HUNDRED:
        return f"{shown(fact)} is more than {HUNDRED}{PERCENT}"
    return ""


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def shown(fact: object) -> str:
    """Return a value from outside as a reason shows it: a text may be long, and a number too."""
    text = "a huge number" if isinstance(fact, int) and not _is_finite(fact) else repr(fact)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def explain(verdicts: Iterable[Verdict], notes: Mapping[str, str]) -> tuple[Verdict, ...]:
    """Return the verdicts with a note in the reason of each gate that `notes` has."""
    return tuple(
        replace(row, reason=f"{row.reason}; {notes[row.gate]}") if row.gate in notes else row
        for row in verdicts
    )


def _with_limits(rows: Iterable[Gate], limits: Limits) -> tuple[Gate, ...]:
    found = []
    for row in rows:
        limit = limits.get(row.code, None if row.code in OPTIONAL else row.limit)
        if limit is not None:
            found.append(replace(row, limit=limit))
    return tuple(found)


def _verdict(rule: Gate, status: Status, value: float | None, reason: str) -> Verdict:
    return Verdict(rule.code, rule.stage, status, value, rule.limit, rule.direction, reason)
