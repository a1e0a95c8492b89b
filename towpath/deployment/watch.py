"""Watches new containers from the switch on: what is clearly broken ends the deployment at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from towpath.core.errors import EngineUnreachableError, GateFailedError, NothingToJudgeError
from towpath.deployment import pages, watch_rules
from towpath.deployment.watch_rules import Count, WatchFigures
from towpath.environments.engine import Container
from towpath.environments.environment import POLL, WEB, Site
from towpath.environments.proxy_log import ProxyLog
from towpath.gates import Verdict

INTERVAL = 1.0  # seconds between two looks
LOG_LINES = 12  # of a container, in errors
UNHEALTHY = "unhealthy"


def counts(site: Site, hosts: Iterable[str]) -> dict[str, Count]:
    """Return the proxy's counters for these containers.

    Raises CommandFailedError if HAProxy does not answer.
    """
    names = set(hosts)
    return {
        slot.host: Count(slot.answers, slot.failures)
        for slot in site.proxy.slots()
        if slot.host in names
    }


@dataclass
class Watch:
    """What is seen of the new containers, look by look; `containers` returns those of now."""

    site: Site
    containers: Callable[[], list[Container]]
    log: ProxyLog
    before: tuple[float, ...] = ()
    last: dict[str, Count] = field(default_factory=dict)
    total: Count = Count()
    timed: list[float] = field(default_factory=list)
    # The containers at first sight, and how often in a row each was not ready, by their ids.
    first: dict[str, Container] = field(default_factory=dict)
    not_ready: dict[str, int] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    last_look: float = float("-inf")

    @classmethod
    def begin(
        cls, site: Site, containers: Callable[[], list[Container]], old: list[Container]
    ) -> Watch:
        """Return the watch of containers that get no requests yet; `old` serve until then.

        Raises CommandFailedError if the engine or the proxy does not answer.
        """
        # Before the old ones started, their slots had other containers.
        log = ProxyLog(site, min((row.started for row in old), default=""))
        logged = log.read()
        slots = _slots(site, [row.name for row in old])
        found = cls(site, containers, log, logged.of_slots(slots) if logged else ())
        found.last = counts(site, _hosts(containers()))
        return found

    def resume(self) -> None:
        """Begin anew after an outage, which is not the release's fault; `before` is kept.

        Raises CommandFailedError if the engine or the proxy does not answer.
        """
        self.log.read()
        rows = self.containers()
        self.last, self.total, self.timed = counts(self.site, _hosts(rows)), Count(), []
        self.first, self.not_ready = {row.id: row for row in rows}, {}

    def glance(self) -> None:
        """Look if the last look is long enough ago; raises as `look`."""
        if self.site.clock.monotonic() - self.last_look >= INTERVAL:
            self.look()

    def look(self) -> None:
        """Look once, and raise GateFailedError for what is clearly broken.

        Raises CommandFailedError if the engine or the proxy does not answer.
        """
        self.last_look = self.site.clock.monotonic()
        rows = self.containers()
        for row in rows:
            # One that was restarted before it got requests counts.
            self.first.setdefault(row.id, replace(row, restarts=0))
        self._count(rows)
        self._ask(rows)
        found = self.figures(rows)
        self._raise_for(watch_rules.failed_at_once(found, self._limits), found)

    def run(self) -> dict[str, Any]:
        """Watch for the bake time, then judge all of it; return the facts.

        Raises GateFailedError, at once for what is clearly broken, and CommandFailedError if the
        engine or the proxy does not answer.
        """
        clock = self.site.clock
        begun = clock.monotonic()
        deadline = begun + self.site.environment.bake
        self.look()
        while (left := deadline - clock.monotonic()) > 0:
            clock.sleep(min(INTERVAL, max(POLL, left)))
            self.look()
        found = self.figures(self.containers())
        self._raise_for(watch_rules.failed(found, self._limits), found)
        self.site.workspace.terminal.say(watch_rules.summary(found, clock.monotonic() - begun))
        return found.facts()

    def figures(self, rows: list[Container]) -> WatchFigures:
        """Return all that was seen so far; `rows` are the containers of now."""
        return WatchFigures(
            self.total,
            self.before,
            tuple(self.timed),
            watch_rules.restarts(self.first, rows),
            max(self.not_ready.values(), default=0),
        )

    @property
    def _limits(self) -> Mapping[str, float | None]:
        return self.site.workspace.config.limits

    def _count(self, rows: list[Container]) -> None:
        """Add what the proxy counted and logged since the last look."""
        hosts = _hosts(rows)
        for host, now in counts(self.site, hosts).items():
            self.total += watch_rules.since(self.last.get(host, Count()), now)
            self.last[host] = now
        logged = self.log.read()
        self.timed += logged.of_slots(_slots(self.site, hosts)) if logged else ()

    def _ask(self, rows: list[Container]) -> None:
        """Ask each container whether it is ready: its pages, or the engine's check of it."""
        for row in rows:
            problem = self._problem(row)
            self.not_ready[row.id] = self.not_ready.get(row.id, 0) + 1 if problem else 0
            self.problems[row.id] = problem

    def _problem(self, row: Container) -> str:
        if row.health == UNHEALTHY:
            return "Docker reports it as unhealthy"
        if row.service != WEB or not row.running:
            return ""
        try:
            return pages.problem_of(self.site, row, pages.required_pages(self.site.environment))
        except NothingToJudgeError as error:
            return error.what

    def _raise_for(self, failed: list[Verdict], found: WatchFigures) -> None:
        if not failed:
            return
        words = " ".join(watch_rules.sentence(row, found) for row in failed)
        raise GateFailedError(f"The new containers failed {words}", why=self._details())

    def _details(self) -> str:
        """Return what is known of each container that is not well, with its last words."""
        there = {row.id: row for row in self.containers()}
        found = []
        for id_, row in self.first.items():
            now = there.get(id_)
            problem = self.problems.get(id_, "")
            if now is None:
                found.append(f"{row.name} no longer exists.")
            elif problem or not now.running or now.restarts > row.restarts:
                state = problem or f"it stopped, or was restarted {now.restarts} times"
                found.append(f"{row.name}: {state}. {self._last_words(now)}")
        return " ".join(found)

    def _last_words(self, row: Container) -> str:
        try:
            return self.site.engine.logs(row, LOG_LINES)
        except EngineUnreachableError:
            return ""


def _hosts(rows: Iterable[Container]) -> list[str]:
    return [row.name for row in rows if row.service == WEB]


def _slots(site: Site, hosts: Iterable[str]) -> set[str]:
    """Return the names of the proxy's slots of containers, as its log has them."""
    names = set(hosts)
    return {slot.name for slot in site.proxy.slots() if slot.host in names}
