"""Locks between processes: who waits, who does not, and what is exchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from towpath.core import locks


def test_a_shared_lock_keeps_only_those_away_who_want_to_be_alone(tmp_path: Path) -> None:
    """Whoever does not wait hears of it at once."""
    path = tmp_path / "lock"
    with locks.opened(path) as one, locks.opened(path) as two:
        one.share(busy=locks.refuse)
        two.share(busy=locks.refuse)
        with pytest.raises(BlockingIOError):
            two.alone(busy=locks.refuse)


def test_a_lock_goes_with_its_file(tmp_path: Path) -> None:
    """It is free when the block ends, and what was held is exchanged before that."""
    path = tmp_path / "lock"
    with locks.opened(path) as one:
        one.share()
        one.alone()
        with locks.opened(path) as two, pytest.raises(BlockingIOError):
            two.share(busy=locks.refuse)
        one.share()
        with locks.opened(path) as two:
            two.share(busy=locks.refuse)
    with locks.opened(path) as two:
        two.alone(busy=locks.refuse)


def test_whoever_waits_says_so_once(tmp_path: Path) -> None:
    """What is told may free the lock, as here, and waiting ends."""
    path, said = tmp_path / "lock", []
    one = locks.Lock(path)
    one.alone()

    def busy() -> None:
        said.append("waiting")
        one.__exit__(None, None, None)

    with locks.opened(path) as two:
        two.alone(busy)

    assert said == ["waiting"]
