"""The log of an environment's proxy, read from where it was left the last time."""

from __future__ import annotations

import datetime as dt

from towpath.environments import proxy_log_reader as reader
from towpath.environments.engine import Container
from towpath.environments.environment import PROXY, Site
from towpath.environments.proxy_log_reader import LoggedRequests


class ProxyLog:
    """The requests in a proxy's log; each look returns those since the one before."""

    def __init__(self, site: Site, last: str = reader.START) -> None:
        self._site = site
        self._last = last

    def read(self, containers: list[Container] | None = None) -> LoggedRequests | None:
        """Return the new requests; None without a proxy. `containers` saves asking for them.

        The log is read from the last line that was seen. That line's time is the engine's, so that
        its clock may differ from ours. Raises CommandFailedError if the engine does not respond.
        """
        rows = self._site.containers(PROXY) if containers is None else containers
        proxy = next((row for row in rows if row.service == PROXY), None)
        if proxy is None:
            return None
        lines = self._site.engine.log_lines(proxy, _seconds(self._last), reader.LOG_LINES)
        found = reader.read(lines, self._last)
        self._last = found.last
        return found


def _seconds(stamp: str) -> float:
    """Return the time of a line of the log in seconds since 1970; 0.0 of none.

    It is up to a microsecond early: what was seen is recognized by its exact time.
    """
    if not stamp:
        return 0.0
    base, _, fraction = stamp.removesuffix("Z").partition(".")
    moment = dt.datetime.fromisoformat(base).replace(tzinfo=dt.UTC)
    return moment.timestamp() + float(f"0.{fraction[:6] or 0}")
