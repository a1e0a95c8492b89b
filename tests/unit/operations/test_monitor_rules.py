"""What readings amount to, when monitoring ends early, and what is written of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from towpath import gates
from towpath.core.errors import NothingToJudgeError
from towpath.environments.engine import Container
from towpath.environments.haproxy_reader import ResponseCount
from towpath.gates import Status
from towpath.operations.monitor import rules, statistics_reader
from towpath.operations.monitor.readings import (
    ContainerReading,
    Peak,
    Reading,
    figures,
)
from towpath.operations.monitor.statistics_reader import Usage

WEB = Container("1", "web-1", "web", True, "healthy", deployment="d", started="t0")
WORKER = Container("2", "worker-1", "worker", True, "healthy", deployment="d", started="t0")


def using(container: Container, used: int, passed: float, memory: float) -> ContainerReading:
    """Return a container that has used so much of one processor's time and of its memory."""
    return ContainerReading(container, Usage(used, passed, 1.0, memory))


def reading(seconds: float, responses: int = 0, errors: int = 0, **values: Any) -> Reading:
    """Return a reading of a healthy environment."""
    found = Reading(
        seconds,
        ResponseCount(responses, errors),
        (10.0, 30.0),
        (using(WEB, int(seconds), seconds * 10, 20.0), using(WORKER, 0, seconds * 10, 30.0)),
    )
    return replace(found, **values)


STATISTICS: dict[str, Any] = {
    "cpu_stats": {
        "cpu_usage": {"total_usage": 5},
        "system_cpu_usage": 200,
        "online_cpus": 2,
    },
    "memory_stats": {"usage": 60, "limit": 200, "stats": {"inactive_file": 20}},
}


@pytest.mark.parametrize(("processors", "allowed"), [(0.0, 2.0), (0.5, 0.5)])
def test_the_statistics_of_a_container(processors: float, allowed: float) -> None:
    """Memory is without files that can be dropped; time is that of one processor."""
    assert statistics_reader.usage(STATISTICS, processors) == Usage(5, 100.0, allowed, 20.0)


def test_control_groups_of_version_1_have_a_total() -> None:
    """It includes the groups below."""
    stats = {"inactive_file": 1, "total_inactive_file": 40}
    memory = {**STATISTICS["memory_stats"], "stats": stats}

    assert statistics_reader.usage({**STATISTICS, "memory_stats": memory}).memory_percent == 10.0


@pytest.mark.parametrize("change", [{"memory_stats": {}}, {"cpu_stats": {}}, {"cpu_stats": None}])
def test_statistics_without_a_figure_are_no_figure(change: dict[str, Any]) -> None:
    """An engine without control groups, or a container that has just stopped."""
    with pytest.raises(NothingToJudgeError):
        statistics_reader.usage({**STATISTICS, **change})


def test_what_readings_amount_to() -> None:
    """Counts are differences; the busiest container counts."""
    found = figures([reading(0, 100, 5), reading(5, 110, 5), reading(10, 120, 6, probes=4)])

    assert found.facts() == {
        "seconds": 10,
        "requests": 20,
        "probes": 4,
        "errors": 1,
        "error_percent": 5.0,
        "p95_ms": 30.0,
        "cpu_percent": 10.0,
        "memory_percent": 30.0,
        "restarts": 0,
        "unhealthy": 0,
        "containers": 2,
        "problems": [],
    }
    assert (found.cpu, found.memory) == (Peak(10.0, "web-1"), Peak(30.0, "worker-1"))


def test_a_request_without_a_response_is_an_error() -> None:
    """The proxy counts none where it does not answer: a port that is closed is no quiet hour."""
    found = figures([reading(0), reading(5, probes=4, unanswered=4)])

    assert (found.error_percent, found.facts()["requests"]) == (100.0, 4)


def test_a_proxy_that_was_started_again_counts_from_zero() -> None:
    """What it had counted until the reading before stays counted."""
    found = figures([reading(0, 100, 5), reading(5, 110, 5), reading(10, 4, 2)])

    assert (found.responses, found.errors) == (14, 2)


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"responses": None}, "error_percent"),
        ({"milliseconds": None}, "p95_ms"),
        ({"milliseconds": ()}, "p95_ms"),
        ({"containers": None}, "cpu_percent"),
        ({"containers": None}, "memory_percent"),
        ({"containers": None}, "restarts"),
        ({"containers": None}, "unhealthy"),
        ({"containers": (ContainerReading(WEB),)}, "cpu_percent"),
    ],
)
def test_what_could_not_be_measured_is_errored(change: dict[str, Any], fact: str) -> None:
    """Never passed: the fact is left out, whatever the other figures are."""
    found = figures([reading(0), replace(reading(5, 10), **change)])

    assert fact not in found.facts()
    verdicts = {
        gates.gate(row.gate).fact: row.status for row in gates.judge("monitor", found.facts())
    }
    assert verdicts[fact] is Status.ERRORED


def test_no_request_at_all_is_no_error_rate() -> None:
    """Nothing was asked, so nothing is known."""
    assert figures([reading(0), reading(5)]).error_percent is None


def test_a_reading_that_fails_in_between_costs_nothing() -> None:
    """Counters go on, the log is read from where it was left, and four of five are enough."""
    lost = Reading(10, None, None, None, problems=("could not read x",))
    rows = [reading(0), reading(5, 5), lost, *(reading(15 + 5 * n, 10 + n) for n in range(3))]

    found = figures(rows)

    assert (found.responses, found.p95_ms, found.restarts) == (12, 30.0, 0)
    assert found.cpu == Peak(10.0, "web-1")
    assert found.problems == ("could not read x",)


def test_usage_counts_if_enough_readings_have_it() -> None:
    """Two of three are too few."""
    lost = Reading(5, None, None, None)
    found = figures([reading(0), lost, reading(10), reading(15)])

    assert (found.cpu, found.memory) == (None, None)


@pytest.mark.parametrize(
    ("after", "restarts", "unhealthy"),
    [
        (WORKER, 0, ()),
        (replace(WORKER, restarts=2, started="t2", health="starting"), 2, ()),
        (replace(WORKER, started="t2"), 1, ()),
        (replace(WORKER, running=False), 0, ("worker-1",)),
        (replace(WORKER, health="unhealthy"), 0, ("worker-1",)),
        (None, 1, ()),
    ],
    ids=["well", "crashed", "restarted by hand", "killed", "unhealthy", "removed"],
)
def test_how_a_container_ends(
    after: Container | None, restarts: int, unhealthy: tuple[str, ...]
) -> None:
    """A container that is well again at the end was ill all the same."""
    rows = tuple(using(row, 1, 50, 1.0) for row in (WEB, after) if row is not None)

    found = figures([reading(0), reading(5, containers=rows)])

    assert (found.restarts, found.unhealthy) == (restarts, unhealthy)


@pytest.mark.parametrize(
    ("facts", "requests", "word"),
    [
        ({}, 100, ""),
        ({"error_percent": 10.0}, 100, ""),
        ({"error_percent": 10.1}, 20, "MONITOR_ERROR_RATE is more than 10 times its limit"),
        ({"error_percent": 100}, 19, ""),
        ({"restarts": 1}, 0, "MONITOR_RESTARTS cannot pass any more"),
        ({"unhealthy": 1}, 0, "MONITOR_UNHEALTHY cannot pass any more"),
        ({"p95_ms": 99_999}, 100, ""),
        ({"restarts": None}, 100, ""),
    ],
)
def test_when_monitoring_ends_early(facts: dict[str, Any], requests: int, word: str) -> None:
    """Where it can only fail, or fails by far; what could not be measured ends nothing."""
    good = {"error_percent": 0, "p95_ms": 1, "cpu_percent": 1, "memory_percent": 1}
    found = gates.judge("monitor", {**good, "restarts": 0, "unhealthy": 0, **facts})

    early = rules.clearly_broken(found, requests)

    assert early.startswith(word) and bool(early) is bool(word)


def test_a_waived_gate_ends_nothing() -> None:
    """It passes, so that the rest is measured."""
    found = gates.waive(gates.judge("monitor", {"restarts": 1}), {"MONITOR_RESTARTS": "known"})

    assert rules.clearly_broken(found, 100) == ""


def test_a_deployment_in_between_is_noticed() -> None:
    """An old container that is gone is none; a service has no deployment of its own."""
    new = replace(WEB, id="3", deployment="e")
    database = Container("9", "database-1", "database", True)

    def has_changed(*rows: Container) -> bool:
        now = reading(5, containers=tuple(ContainerReading(row) for row in rows))
        return rules.has_changed(reading(0), now)

    assert has_changed(WEB, new)
    assert not has_changed(WEB, WORKER, database)
    assert not has_changed(WEB)
    assert not rules.has_changed(reading(0), reading(5, containers=None))


def test_a_line_for_each_interval() -> None:
    """A sentence without codes."""
    found = figures([reading(0, 10), reading(5, 22)])

    assert rules.line(5, found, Status.PASSED) == (
        "✓    5 s  12 requests, no errors; 95 % answered within 30 ms; CPU 10 % (web-1);"
        " memory 30 % (worker-1); no restarts; all 2 containers are healthy"
    )


def test_a_line_of_an_interval_that_went_wrong() -> None:
    """Errors, a stopped container, and what could not be read."""
    rows = (using(WEB, 5, 50, 20.0), ContainerReading(replace(WORKER, running=False)))
    bad = reading(
        5, 10, 3, containers=rows, milliseconds=None, unanswered=2, problems=("could not read x",)
    )

    assert rules.line(5, figures([reading(0), bad]), Status.FAILED) == (
        "✗    5 s  12 requests, 5 errors (41.7 %), 2 without a response; CPU 10 % (web-1);"
        " memory 20 % (web-1); no restarts; stopped or unhealthy: worker-1; could not read x"
    )


def test_a_line_of_an_interval_without_anything() -> None:
    """Each figure that is missing is named."""
    lost = Reading(5, None, None, None)

    assert rules.parts(figures([reading(0), lost])) == [
        "the error rate could not be measured",
        "CPU could not be measured",
        "memory could not be measured",
        "restarts could not be counted",
        "containers could not be read",
    ]


def test_the_end() -> None:
    """What was watched, and each verdict with its limit."""
    found = figures([reading(0, 10), reading(5, 22, probes=10)])

    assert rules.summary("staging", found, "") == (
        "Watched staging for 5 s: 12 requests, of which 10 were sent by Towpath itself."
    )
    assert rules.summary("staging", found, "it broke").endswith("It ended early: it broke.")
    assert rules.verdict_lines(gates.judge("monitor", found.facts()))[0] == (
        "✓ MONITOR_ERROR_RATE  error_percent is 0 %; required: MONITOR_ERROR_RATE <= 1 %"
    )
