"""Which figures undo a release at once, which at the end, and which say nothing yet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from towpath.deployment import watch_rules as rules
from towpath.deployment.watch_rules import Count, WatchFigures
from towpath.environments.engine import Container
from towpath.gates import Verdict

FAST = (10.0,) * 95 + (20.0,) * 5
WEB = Container("1", "web-1", "web", True, "healthy", started="t0")


def codes(rows: list[Verdict]) -> list[str]:
    """Return the codes of gates."""
    return [row.gate for row in rows]


@pytest.mark.parametrize(
    ("answers", "failures", "at_once", "at_the_end"),
    [
        (0, 0, False, False),
        (1000, 10, False, False),
        (1000, 11, False, True),
        (1000, 101, True, True),
        # The minimum of answers, and how clear it has to be.
        (20, 2, False, True),
        (20, 3, True, True),
        (19, 19, False, True),
        # Too few to judge a share by.
        (19, 2, False, False),
        (3, 3, False, True),
        (1, 1, False, False),
    ],
)
def test_errors(answers: int, failures: int, at_once: bool, at_the_end: bool) -> None:
    """Enough answers and ten times the limit decide at once; a share of few is no share."""
    found = WatchFigures(Count(answers, failures))

    assert codes(rules.failed_at_once(found, {})) == ["ERROR_RATE"] * at_once
    assert codes(rules.failed(found, {})) == ["ERROR_RATE"] * at_the_end


@pytest.mark.parametrize(
    ("before", "timed", "at_once", "at_the_end"),
    [
        (FAST, FAST, False, False),
        # 601 ms are more than three times the floor of 200 ms.
        (FAST, (601.0,) * 100, True, True),
        (FAST, (600.0,) * 100, False, False),
        (FAST, (601.0,) * 99, False, True),
        (FAST, (601.0,) * 19, False, False),
        (FAST[:19], (601.0,) * 100, False, False),
        # A release that was slow before may be as slow now.
        ((400.0,) * 100, (1200.0,) * 100, False, False),
        ((400.0,) * 100, (1201.0,) * 100, True, True),
    ],
)
def test_latency(
    before: tuple[float, ...], timed: tuple[float, ...], at_once: bool, at_the_end: bool
) -> None:
    """It is compared with that of the old release, from enough requests of both."""
    found = WatchFigures(Count(len(timed)), before, timed)

    assert codes(rules.failed_at_once(found, {})) == ["WATCH_LATENCY"] * at_once
    assert codes(rules.failed(found, {})) == ["WATCH_LATENCY"] * at_the_end


@pytest.mark.parametrize("slow", [4, 5, 6, 8])
def test_a_share_of_slow_requests_near_5_percent_does_not_make_a_release_slow(slow: int) -> None:
    """The 95th percentile jumps from 10 ms to 2 s there, though nothing has changed."""
    before = (10.0,) * 951 + (2000.0,) * 49
    timed = (10.0,) * (100 - slow) + (2000.0,) * slow

    assert rules.failed(WatchFigures(Count(100), before, timed), {}) == []


def test_restarts_and_readiness_decide_at_once() -> None:
    """One restart; three failed checks in a row, not two."""
    assert codes(rules.failed_at_once(WatchFigures(restarts=1), {})) == ["WATCH_RESTARTS"]
    assert codes(rules.failed_at_once(WatchFigures(not_ready=3), {})) == ["WATCH_NOT_READY"]
    assert rules.failed(WatchFigures(not_ready=2), {}) == []


def test_a_project_may_be_stricter() -> None:
    """Its own limits hold."""
    found = WatchFigures(Count(1000, 5), not_ready=1)

    assert codes(rules.failed(found, {"ERROR_RATE": 0.1, "WATCH_NOT_READY": 0})) == [
        "ERROR_RATE",
        "WATCH_NOT_READY",
    ]


@pytest.mark.parametrize(
    ("now", "restarts"),
    [
        (WEB, 0),
        (replace(WEB, restarts=2), 2),
        (replace(WEB, running=False), 1),
        (replace(WEB, started="t1"), 1),
        (replace(WEB, id="2"), 1),
    ],
)
def test_restarts_are_counted(now: Container, restarts: int) -> None:
    """Also by hand, and one that is gone or has stopped."""
    assert rules.restarts({"1": WEB}, [now]) == restarts


def test_a_proxy_that_started_again_counts_from_zero() -> None:
    """What it counted since then is what there is."""
    assert rules.since(Count(100, 1), Count(130, 3)) == Count(30, 2)
    assert rules.since(Count(100, 1), Count(7, 0)) == Count(7, 0)


def test_the_words_have_the_figures() -> None:
    """What a person reads of it."""
    found = WatchFigures(Count(100, 40), FAST, (700.0,) * 100, restarts=1)
    failed = rules.failed(found, {})

    assert [rules.sentence(row, found) for row in failed] == [
        "ERROR_RATE: 40 of 100 answers were errors.",
        "WATCH_LATENCY: 95 % of 100 requests were answered within 700 ms, by the old release"
        " within 10 ms.",
        "WATCH_RESTARTS: restarts is 1; required: WATCH_RESTARTS <= 0.",
    ]
    assert rules.summary(found, 5.2) == (
        "Watched for 5 s: 100 answers, 40 errors; 95 % answered within 700 ms, before within 10 ms."
    )
    assert rules.summary(WatchFigures(Count(3)), 5).endswith(
        "too few requests to compare latencies."
    )
