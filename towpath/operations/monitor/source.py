"""Reads an environment: the proxy's counters and log, the containers, and requests of our own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from towpath.core.errors import TowpathError
from towpath.core.http import PageText, get_text
from towpath.deployment import pages
from towpath.environments.engine import Container
from towpath.environments.environment import PROXY, Site
from towpath.operations.monitor import proxy_log_reader as proxy_log
from towpath.operations.monitor import statistics_reader
from towpath.operations.monitor.readings import ContainerReading, Reading

T = TypeVar("T")

PAUSE = 1.0
# Seconds that a request may take; a longer one counts as one without a response.
PATIENCE = 5.0
# Lines of the proxy's log that one reading takes at most, the latest.
LOG_LINES = 20_000


class Source:
    """What is read of one environment; `get` requests a URL. Nothing here judges."""

    def __init__(self, site: Site, get: Callable[[str], PageText] | None = None) -> None:
        self._site = site
        self._get = get or (lambda url: get_text(url, site.environment.host, PATIENCE))
        self._started = site.clock.monotonic()
        self._log_time = proxy_log.START
        self._problems: list[str] = []
        self._probes = self._unanswered = 0

    def first(self) -> Reading:
        """Return the reading that later ones are compared with; its log only says since when.

        Raises CommandFailedError if the engine does not respond.
        """
        containers = self._site.containers()
        reading = self._reading(containers)
        return Reading(0.0, reading.responses, None, reading.containers, problems=reading.problems)

    def watch(self, until: float) -> None:
        """Send our own requests until a time of the clock, at least once."""
        clock, url = self._site.clock, self._site.environment.url
        while True:
            begun = clock.monotonic()
            # Once a second, so that an environment without users has figures too.
            for page in pages.required_pages(self._site.environment):
                self._probes += 1
                self._unanswered += self._get(f"{url}{page.path}").status == 0
            rest = min(begun + PAUSE, until) - clock.monotonic()
            if rest > 0:
                clock.sleep(rest)
            if clock.monotonic() >= until:
                return

    def next(self) -> Reading:
        """Return what there is now, and what happened since the reading before."""
        return self._reading(self._try("the containers", self._site.containers))

    def _reading(self, containers: list[Container] | None) -> Reading:
        responses = self._try("the proxy's counters", lambda: self._site.proxy.responses())
        times = self._try("the proxy's log", lambda: self._log(containers))
        rows = None if containers is None else tuple(self._usage(row) for row in containers)
        reading = Reading(
            self._site.clock.monotonic() - self._started,
            responses,
            times,
            rows,
            self._probes,
            self._unanswered,
            tuple(self._problems),
        )
        self._problems, self._probes, self._unanswered = [], 0, 0
        return reading

    def _log(self, containers: list[Container] | None) -> tuple[float, ...] | None:
        """Return the times of new requests; the log is read from the last line that was seen.

        That line's time is the engine's, so that its clock may differ from ours.
        """
        proxy = next((row for row in containers or () if row.service == PROXY), None)
        if proxy is None:
            return None
        since = _seconds(self._log_time)
        lines = self._site.engine.log_lines(proxy, since, LOG_LINES)
        found = proxy_log.read(lines, self._log_time)
        self._log_time = found.last
        return found.milliseconds

    def _usage(self, container: Container) -> ContainerReading:
        if not container.running:
            return ContainerReading(container)
        usage = self._try(
            f"the statistics of {container.name}",
            lambda: statistics_reader.usage(
                self._site.engine.statistics(container), container.processors
            ),
        )
        return ContainerReading(container, usage)

    def _try(self, what: str, act: Callable[[], T]) -> T | None:
        try:
            return act()
        except TowpathError as error:
            self._problems.append(f"could not read {what}: {error.what}")
            return None


def _seconds(stamp: str) -> float:
    """Return the time of a line of the log in seconds since 1970; 0.0 of none.

    It is up to a microsecond early: what was seen is recognized by its exact time.
    """
    if not stamp:
        return 0.0
    base, _, fraction = stamp.removesuffix("Z").partition(".")
    moment = dt.datetime.fromisoformat(base).replace(tzinfo=dt.UTC)
    return moment.timestamp() + float(f"0.{fraction[:6] or 0}")
