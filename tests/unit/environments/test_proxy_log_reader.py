"""The proxy's log: how long requests took, which slot answered them, and percentiles of it."""

from __future__ import annotations

import pytest

from towpath.environments import proxy_log_reader as proxy_log
from towpath.environments.proxy_log_reader import LoggedRequest, percentile


def log(at: str, times: str, status: int = 200) -> str:
    """Return a line of the proxy's log."""
    return (
        f"2026-11-30T05:00:{at}Z 172.18.0.1:4 [30/Nov/2026:05:00:01.000] public web/web1"
        f' {times} {status} 1 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"'
    )


def test_a_request_lasts_from_the_queue_to_the_response() -> None:
    """TR, the client's own slowness, does not count; what no container answered has no time."""
    lines = [
        log("01.000000001", "900/1/2/30/940"),
        log("02.000000000", "0/0/0/-1/5", 504),
        "2026-11-30T05:00:02.5Z [NOTICE] (1) : started",
        log("03.000000000", "0/0/1/7/+9"),
    ]

    assert proxy_log.read(lines) == proxy_log.LoggedRequests(
        (LoggedRequest("web1", 33.0), LoggedRequest("web1", 8.0)), "2026-11-30T05:00:03.000000000Z"
    )


def test_a_line_that_was_read_before_is_not_read_again() -> None:
    """The engine returns the last line once more, as it looks for whole microseconds."""
    lines = [log("01.000000001", "0/0/0/30/30"), log("01.000000002", "0/0/0/40/40")]

    found = proxy_log.read(lines, "2026-11-30T05:00:01.000000001Z")

    assert found.milliseconds == (40.0,)
    assert proxy_log.read(lines, found.last) == proxy_log.LoggedRequests((), found.last)


def test_requests_are_told_apart_by_the_slot_that_answered() -> None:
    """The old release and the new one answer side by side."""
    lines = [log("01.1", "0/0/0/30/30"), log("01.2", "0/0/0/40/40").replace("web/web1", "web/web2")]

    found = proxy_log.read(lines)

    assert found.of_slots(["web2", "web3"]) == (40.0,)
    assert found.milliseconds == (30.0, 40.0)


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        ([], 95, None),
        ([7], 95, 7),
        (range(1, 101), 95, 95),
        (range(1, 21), 95, 19),
        ([1, 2], 95, 2),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(
    values: list[float], percent: float, found: float | None
) -> None:
    """The nearest rank, without interpolation."""
    assert percentile(values, percent) == found


def test_the_interval_of_a_percentile() -> None:
    """Three deviations of the rank of 95 % of 1000 are 20.7; it never leaves what was measured."""
    values = range(1, 1001)

    assert percentile(values, 95, -3) == 930
    assert percentile(values, 95, 3) == 971
    assert percentile([5.0], 95, 3) == percentile([5.0], 95, -3) == 5.0
