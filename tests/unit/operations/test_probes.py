"""Probes side by side, each for a bounded time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator

import pytest

from towpath.core.errors import CommandFailedError
from towpath.operations import probes
from towpath.operations.health_rules import HealthCheck, Level
from towpath.operations.probes import Once, Probe


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """An event that comes only when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_each_has_its_lines_in_order() -> None:
    """However long each takes."""

    def slow() -> Iterable[HealthCheck]:
        time.sleep(0.05)
        yield HealthCheck("a", Level.OK, "1")
        yield HealthCheck("b", Level.OK, "2")

    found = probes.run_probes(
        [Probe("slow", slow), Probe("c", lambda: [HealthCheck("c", Level.OK, "3")])], 5
    )

    assert [(row.subject, row.message) for row in found] == [("a", "1"), ("b", "2"), ("c", "3")]
    assert found[0].seconds >= 0.05


def test_one_that_hangs_is_an_error_and_ends_nothing(never: threading.Event) -> None:
    """All others are there, and it costs the bound and no more."""

    def hang() -> Iterable[HealthCheck]:
        never.wait()
        return []

    started = time.monotonic()
    found = probes.run_probes(
        [Probe("h", hang, "kick it"), Probe("c", lambda: [HealthCheck("c", Level.OK, "3")])], 0.2
    )

    assert time.monotonic() - started < 2
    wanted = "could not check: no answer within 0.2 s"
    assert found[0] == HealthCheck("h", Level.ERROR, wanted, "kick it", 0.2)
    assert found[1].level == Level.OK


def test_what_breaks_is_an_error() -> None:
    """Ours with its own next step, a bug with its name, and a probe that says nothing too."""

    def ours() -> Iterable[HealthCheck]:
        raise CommandFailedError("It fails.", why="broken\nmore", next_step="repair it")

    def bug() -> Iterable[HealthCheck]:
        raise KeyError("x")

    found = probes.run_probes(
        [Probe("a", ours, "other"), Probe("b", bug, "other"), Probe("c", lambda: [])]
    )

    assert [row.message for row in found] == [
        "could not check: It fails: broken",
        "could not check: KeyError: 'x'",
        "could not check: no result",
    ]
    assert [row.next_step for row in found] == ["repair it", "other", ""]
    assert {row.level for row in found} == {Level.ERROR}


def test_a_shared_question_is_asked_once() -> None:
    """Its error is an answer as well."""
    asked: list[int] = []

    def good() -> int:
        asked.append(1)
        return 7

    def bad() -> int:
        asked.append(2)
        raise CommandFailedError("No.")

    question, refused = Once(good), Once(bad)

    assert [question(), question()] == [7, 7]
    for _ in range(2):
        with pytest.raises(CommandFailedError):
            refused()
    assert asked == [1, 2]
