"""Reads an environment: the proxy's counters and log, the containers, and requests of our own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from towpath.core.errors import TowpathError
from towpath.core.http import PageText, get_text
from towpath.deployment import pages
from towpath.environments.engine import Container
from towpath.environments.environment import Site
from towpath.environments.proxy_log import ProxyLog
from towpath.operations.monitor import statistics_reader
from towpath.operations.monitor.readings import ContainerReading, Reading

T = TypeVar("T")

PAUSE = 1.0
# Seconds that a request may take; a longer one counts as one without a response.
PATIENCE = 5.0


class Source:
    """What is read of one environment; `get` requests a URL. Nothing here judges."""

    def __init__(self, site: Site, get: Callable[[str], PageText] | None = None) -> None:
        self._site = site
        self._get = get or (lambda url: get_text(url, site.environment.host, PATIENCE))
        self._started = site.clock.monotonic()
        self._log = ProxyLog(site)
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
        logged = self._try("the proxy's log", lambda: self._log.read(containers or []))
        rows = None if containers is None else tuple(self._usage(row) for row in containers)
        reading = Reading(
            self._site.clock.monotonic() - self._started,
            responses,
            None if logged is None else logged.milliseconds,
            rows,
            self._probes,
            self._unanswered,
            tuple(self._problems),
        )
        self._problems, self._probes, self._unanswered = [], 0, 0
        return reading

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
