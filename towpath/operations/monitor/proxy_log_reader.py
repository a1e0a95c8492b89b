"""The proxy's log -> how long requests took. Pure.

Source: HAProxy 3.0 configuration manual, 8.2.3 "HTTP log format" and 8.4 "Timing events". The
engine puts its own time before each line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# time, client, date, frontend, backend/server, TR/Tw/Tc/Tr/Ta, status
_LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z) \S+ \[[^\]]+\] \S+ \S+/\S+"
    r" -?\d+/(?P<queue>-?\d{1,9})/(?P<connect>-?\d{1,9})/(?P<answer>-?\d{1,9})/\+?-?\d+ -?\d+ ",
    re.ASCII,
)
# Nothing that Docker writes as a time comes before this.
START = ""


@dataclass(frozen=True)
class LoggedRequests:
    """Milliseconds of each new request that a container answered, and the time of the last line."""

    milliseconds: tuple[float, ...]
    last: str


def read(lines: Iterable[str], after: str = START) -> LoggedRequests:
    """Return the requests in the lines whose time is later than `after`.

    A request lasts from when the proxy has it until the container's response begins: waiting for a
    free connection, connecting, waiting for the response. How slow the client is does not count. A
    request that no container answered has no such time; it is an error or its client left.
    """
    found: list[float] = []
    last = after
    for line in lines:
        match = _LINE.match(line)
        if match is None or match["at"] <= after:
            continue
        last = max(last, match["at"])
        parts = [int(match[name]) for name in ("queue", "connect", "answer")]
        if min(parts) >= 0:
            found.append(float(sum(parts)))
    return LoggedRequests(tuple(found), last)
