"""How a path is measured: as processor time, in turns with the reference.

So neither the machine's speed nor what else runs on it is in the ratio.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.app.conftest import django_db_modify_db_settings, own_services, send
from tests.performance.reference import database, identity, reference

__all__ = ["django_db_modify_db_settings", "own_services", "send"]

ROUNDS, WARM = 150, 10
Measure = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def measure(benchmark: BenchmarkFixture) -> Iterator[Measure]:
    """Return a function that measures a path and returns what its last call gave."""
    with closing(database()) as work:

        def measured(path: Callable[[], Any]) -> Any:
            seconds: list[float] = []

            def in_turns() -> None:
                started = time.process_time()
                reference(work)
                seconds.append(time.process_time() - started)

            result = benchmark.pedantic(path, setup=in_turns, rounds=ROUNDS, warmup_rounds=WARM)
            # The shortest of many: what others do on this machine can only make a round longer.
            benchmark.extra_info["reference"] = min(seconds)
            benchmark.extra_info["measure"] = identity()
            return result

        yield measured
