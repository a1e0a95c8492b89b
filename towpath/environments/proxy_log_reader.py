"""The proxy's log -> how long requests took, and which slot answered them. Pure.

Source: HAProxy 3.0 configuration manual, 8.2.3 "HTTP log format" and 8.4 "Timing events". The
engine puts its own time before each line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

# time, client, date, frontend, backend/server, TR/Tw/Tc/Tr/Ta, status
_LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z) \S+ \[[^\]]+\] \S+ \S+/(?P<slot>\S+)"
    r" -?\d+/(?P<queue>-?\d{1,9})/(?P<connect>-?\d{1,9})/(?P<answer>-?\d{1,9})/\+?-?\d+ -?\d+ ",
    re.ASCII,
)
# Nothing that Docker writes as a time comes before this.
START = ""
# Lines of the log that one look takes at most, the latest.
LOG_LINES = 20_000


@dataclass(frozen=True)
class LoggedRequest:
    """One request that a container answered: the slot of the proxy, and the milliseconds."""

    slot: str
    milliseconds: float


@dataclass(frozen=True)
class LoggedRequests:
    """Each new request that a container answered, and the time of the last line."""

    requests: tuple[LoggedRequest, ...]
    last: str

    @property
    def milliseconds(self) -> tuple[float, ...]:
        """How long each of them took, whichever container answered."""
        return tuple(row.milliseconds for row in self.requests)

    def of_slots(self, slots: Iterable[str]) -> tuple[float, ...]:
        """Return how long those took that the containers in these slots answered."""
        names = set(slots)
        return tuple(row.milliseconds for row in self.requests if row.slot in names)


def read(lines: Iterable[str], after: str = START) -> LoggedRequests:
    """Return the requests in the lines whose time is later than `after`.

    A request lasts from when the proxy has it until the container's response begins: waiting for a
    free connection, connecting, waiting for the response. How slow the client is does not count. A
    request that no container answered has no such time; it is an error or its client left.
    """
    found: list[LoggedRequest] = []
    last = after
    for line in lines:
        match = _LINE.match(line)
        if match is None or match["at"] <= after:
            continue
        last = max(last, match["at"])
        parts = [int(match[name]) for name in ("queue", "connect", "answer")]
        if min(parts) >= 0:
            found.append(LoggedRequest(match["slot"], float(sum(parts))))
    return LoggedRequests(tuple(found), last)


def percentile(values: Iterable[float], percent: float, deviations: float = 0.0) -> float | None:
    """Return the smallest value that this percentage of the values does not exceed; nearest rank.

    With `deviations` it is the end of the interval in which the percentile lies, so many standard
    deviations of its rank away: below it where negative, above it where positive. None of no
    values.
    """
    rows = sorted(values)
    if not rows:
        return None
    share = percent / 100
    rank = len(rows) * share + deviations * math.sqrt(len(rows) * share * (1 - share))
    return rows[min(len(rows), max(1, math.ceil(rank))) - 1]
