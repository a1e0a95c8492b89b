"""Acts that run side by side, all of them for a bounded time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def side_by_side(acts: Sequence[Callable[[], T]], seconds: float) -> list[T | None]:
    """Run all acts at once and return what each returned, None for one that is not done in time.

    Such an act is left behind: its thread ends with the process. An act raises nothing.
    """
    found: dict[int, T] = {}
    deadline = time.monotonic() + seconds

    def run(number: int, act: Callable[[], T]) -> None:
        found[number] = act()

    threads = [
        threading.Thread(target=run, args=(number, act), daemon=True)
        for number, act in enumerate(acts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    ended = dict(found)
    return [ended.get(number) for number in range(len(acts))]
