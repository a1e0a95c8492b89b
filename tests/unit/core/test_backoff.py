"""Waits between attempts, by a clock that does not wait."""

from __future__ import annotations

import pytest

from tests.clock import QuickClock
from towpath.core import clock as clocks
from towpath.core.backoff import UNLIMITED, Backoff, attempts, with_retry
from towpath.core.clock import Clock


class Server:
    """Fails so many times, each call taking `seconds`, and then answers."""

    def __init__(self, clock: Clock, failures: int, seconds: float = 0.0) -> None:
        self.clock, self.failures, self.seconds = clock, failures, seconds
        self.calls = 0

    def __call__(self) -> str:
        """Answer, or raise OSError."""
        self.calls += 1
        if self.seconds:
            self.clock.sleep(self.seconds)
        if self.calls <= self.failures:
            raise OSError(f"failure {self.calls}")
        return "answer"


def is_os_error(error: Exception) -> bool:
    """Tell whether it is one."""
    return isinstance(error, OSError)


def test_the_waits_double_up_to_the_longest() -> None:
    """And there is one fewer than attempts."""
    assert list(Backoff(0.25, 1.5, 6).waits()) == [0.25, 0.5, 1.0, 1.5, 1.5]


@pytest.mark.parametrize(("failures", "waits"), [(0, []), (1, [0.25]), (4, [0.25, 0.5, 1.0, 2.0])])
def test_it_is_tried_again_until_it_works(failures: int, waits: list[float]) -> None:
    """Nothing is waited for after the answer."""
    clock = QuickClock()

    assert with_retry(Server(clock, failures), is_os_error, Backoff(), clock) == "answer"
    assert clock.waits == waits


def test_the_last_error_is_raised() -> None:
    """After so many attempts, without one more wait."""
    clock = QuickClock()

    with pytest.raises(OSError, match="failure 5"):
        with_retry(Server(clock, 9), is_os_error, Backoff(), clock)
    assert clock.waits == [0.25, 0.5, 1.0, 2.0]


def test_another_error_is_raised_at_once() -> None:
    """Waiting does not help there."""
    clock = QuickClock()
    server = Server(clock, 9)

    with pytest.raises(OSError, match="failure 1"):
        with_retry(server, lambda error: isinstance(error, ValueError), Backoff(), clock)
    assert (server.calls, clock.waits) == (1, [])


def test_the_other_side_is_left_alone_for_as_long_as_it_asks() -> None:
    """That is at least the wait, also beyond the longest one."""
    clock = QuickClock()
    asked = iter([7.0, 0.1, 90.0])

    def at_least(_error: Exception) -> float:
        return next(asked)

    with_retry(Server(clock, 3), is_os_error, Backoff(longest=2), clock, at_least)

    assert clock.waits == [7.0, 0.5, 90.0]


def test_what_is_asked_for_may_be_too_long() -> None:
    """Then that error is raised, and nothing is waited for."""
    clock = QuickClock()

    def at_least(error: Exception) -> float:
        raise error

    with pytest.raises(OSError, match="failure 1"):
        with_retry(Server(clock, 9), is_os_error, Backoff(), clock, at_least)
    assert clock.waits == []


@pytest.mark.parametrize(
    ("seconds", "waits"), [(0.0, [1.0, 2.0, 2.0]), (4.0, [4.0, 1.0, 4.0]), (9.0, [9.0])]
)
def test_no_attempt_begins_after_the_deadline(seconds: float, waits: list[float]) -> None:
    """The last wait is shorter, so that one more attempt begins just then."""
    clock = QuickClock()
    backoff = Backoff(1.0, 2.0, UNLIMITED, deadline=5.0)

    with pytest.raises(OSError):
        with_retry(Server(clock, 99, seconds), is_os_error, backoff, clock)
    # With 4 s a call: 4, a wait of 1, and a call that begins at 5 and is the last.
    assert clock.waits == waits


def test_attempts_are_counted() -> None:
    """For what shows by its result that it failed."""
    clock = QuickClock()

    assert list(attempts(Backoff(attempts=3), clock)) == [1, 2, 3]
    assert clock.waits == [0.25, 0.5]
    assert list(attempts(Backoff(1.0, 2.0, UNLIMITED, deadline=4.0), QuickClock())) == [1, 2, 3, 4]


def test_a_pause_is_a_little_longer_than_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """By another part each time, never shorter; a sleep is as long as it says."""
    slept: list[float] = []
    monkeypatch.setattr("towpath.core.clock.time.sleep", slept.append)
    clock = Clock()

    for _ in range(50):
        clock.pause(2.0)
    clock.sleep(2.0)

    assert slept.pop() == 2.0
    assert all(2.0 <= wait <= 2.0 * (1 + clocks.JITTER) for wait in slept)
    assert len(set(slept)) > 40


def test_the_system_s_clock_goes_on() -> None:
    """One since 1970, one for durations."""
    clock = Clock()
    before = clock.monotonic()

    assert clock.now() > 1_700_000_000
    assert clock.monotonic() >= before


@pytest.mark.parametrize(
    ("holds_at", "held"), [(0.0, True), (1.0, True), (3.0, True), (3.5, False)]
)
def test_a_condition_is_asked_for_until_the_time_is_over(holds_at: float, held: bool) -> None:
    """And once more just then."""
    clock = QuickClock()

    assert clock.wait_until(lambda: clock.time >= holds_at, 3.0, 1.0) is held
    assert clock.time == min(holds_at, 3.0)
