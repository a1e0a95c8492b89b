"""Many blobs at a time: everything is done, or it is clear what stopped it."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from towpath.core.errors import RegistryError
from towpath.registry.client import transfer

ROWS = range(40)


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_answers_come_in_the_order_of_the_rows(count: int) -> None:
    """Whoever is done first: each row has its own answer."""
    assert transfer.parallel(lambda row: row * row, range(count)) == [
        row * row for row in range(count)
    ]


def test_as_many_at_a_time_as_are_meant_to() -> None:
    """So many rows are under way together; one worker fewer would wait here for ever."""
    together = threading.Barrier(transfer.WORKERS, timeout=20)

    transfer.parallel(lambda _: together.wait(), range(transfer.WORKERS * 2))

    assert not together.broken


def test_the_first_failure_is_raised_and_nothing_more_begins() -> None:
    """What others say when they are stopped for it is not what went wrong."""
    halt, begun = threading.Event(), []

    def act(row: int) -> None:
        begun.append(row)
        if row == 3:
            raise RegistryError("The disk is full.")
        assert halt.wait(20)
        raise RegistryError("Stopped.")

    with pytest.raises(RegistryError, match="disk is full"):
        transfer.parallel(act, ROWS, stop=halt.set)

    assert len(begun) <= transfer.WORKERS


@pytest.mark.usefixtures("listening")
def test_ctrl_c_stops_what_is_under_way() -> None:
    """The threads are told, waited for, and the interrupt goes on to the caller."""
    halt, told = threading.Event(), []
    before = threading.active_count()

    def act(row: int) -> None:
        if row == 0:
            os.kill(os.getpid(), signal.SIGINT)
        # A signal that comes just before a thread waits is seen when it has waited: often, then.
        if not any(halt.wait(0.01) for _ in range(2000)):
            raise AssertionError("nobody told it to stop")
        told.append(row)

    with pytest.raises(KeyboardInterrupt):
        transfer.parallel(act, ROWS, stop=halt.set)

    assert len(told) <= transfer.WORKERS
    assert threading.active_count() == before
