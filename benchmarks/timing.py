"""Take times, compare medians, and write both as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from towpath.core.errors import TowpathError
from towpath.core.terminal import Terminal

REPORTS = Path(__file__).resolve().parents[1] / "reports" / "benchmarks"


@dataclass
class Times:
    """Seconds of each case, in the order in which they were taken."""

    terminal: Terminal
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def take(self, case: str, act: Callable[[], object]) -> float:
        """Do it once, and keep and tell how long it took."""
        began = time.monotonic()
        act()
        took = time.monotonic() - began
        self.seconds.setdefault(case, []).append(round(took, 3))
        self.terminal.say(f"  {case}: {took:.2f} s")
        return took

    def median(self, case: str) -> float:
        """Return the median of a case; raises KeyError for one that was not taken."""
        return statistics.median(self.seconds[case])


@dataclass(frozen=True)
class Goal:
    """What has to hold: a median or a ratio of medians, and its limit."""

    name: str
    value: float
    direction: str
    limit: float
    unit: str = ""

    @property
    def held(self) -> bool:
        """Whether it does."""
        return self.value <= self.limit if self.direction == "<=" else self.value >= self.limit


def answered(main: Callable[[Sequence[str]], int]) -> int:
    """Run a benchmark as it was typed and return its code, or that of the error, which is shown."""
    try:
        return main(sys.argv[1:])
    except TowpathError as error:
        Terminal(os.environ).error(error)
        return error.code


def ended(name: str, times: Times, goals: list[Goal]) -> int:
    """Report what was measured and say where; return 1 where a goal was not held, else 0."""
    times.terminal.data(str(report(name, times, goals).relative_to(REPORTS.parents[1])))
    return 0 if all(goal.held for goal in goals) else 1


def report(name: str, times: Times, goals: list[Goal]) -> Path:
    """Write the table to standard output and the JSON to reports/benchmarks; return where."""
    times.terminal.table(
        f"{name}: seconds",
        ("case", "median", "all"),
        [
            (case, f"{statistics.median(rows):.2f}", ", ".join(f"{row:.2f}" for row in rows))
            for case, rows in times.seconds.items()
        ],
    )
    times.terminal.table(
        f"{name}: goals",
        ("", "value", "wanted", "held"),
        [
            (
                goal.name,
                f"{goal.value:.2f}{goal.unit}",
                f"{goal.direction} {goal.limit:g}{goal.unit}",
                "yes" if goal.held else "no",
            )
            for goal in goals
        ],
    )
    file = REPORTS / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg(), "kernel": platform.release()},
        "seconds": times.seconds,
        "goals": [
            {
                "name": goal.name,
                "value": round(goal.value, 3),
                "direction": goal.direction,
                "limit": goal.limit,
                "held": goal.held,
            }
            for goal in goals
        ],
    }
    file.write_text(json.dumps(document, indent=1) + "\n")
    return file
