"""The engine's statistics of a container -> its processor time and its memory. Pure.

Source: Docker Engine API, ContainerStats, and how `docker stats` computes its columns: memory is
without the files that the kernel can drop, `inactive_file`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from towpath.core import documents
from towpath.core.errors import NothingToJudgeError


@dataclass(frozen=True)
class Usage:
    """What a container has used: `used` and `passed` are nanoseconds.

    `used` is processor time of all processors, `passed` the time of one processor meanwhile, both
    since some start. `allowed` is how many processors it may use. `memory_percent` is of its limit.
    """

    used: int
    passed: float
    allowed: float
    memory_percent: float


def usage(document: Mapping[str, Any], limit: float = 0.0) -> Usage:
    """Read the statistics of a container whose `limit` is so many processors, 0 for all.

    Raises NothingToJudgeError where a figure is missing: an engine without cgroups has none.
    """
    try:
        cpu, memory = document["cpu_stats"], document["memory_stats"]
        online = int(cpu["online_cpus"])
        stats = memory["stats"]
        # Control groups of version 1 have the total with the groups below.
        dropped = stats.get("total_inactive_file", stats.get("inactive_file", 0))
        return Usage(
            used=int(cpu["cpu_usage"]["total_usage"]),
            passed=int(cpu["system_cpu_usage"]) / online,
            allowed=limit or float(online),
            memory_percent=100 * max(0, int(memory["usage"]) - int(dropped)) / int(memory["limit"]),
        )
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise NothingToJudgeError(
            "The engine's statistics lack the processor time or the memory of a container.",
            why=documents.reason(error),
        ) from error
