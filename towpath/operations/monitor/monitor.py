"""Watch an environment for some time, line by line, and judge all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from towpath import gates
from towpath.core.errors import CommandFailedError, GateFailedError, InterruptedRunError
from towpath.environments.environment import WEB, Site
from towpath.evidence import record as stages
from towpath.gates import Status, Verdict
from towpath.operations.monitor import rules
from towpath.operations.monitor.readings import Figures, Reading, figures
from towpath.operations.monitor.source import Source

STAGE = "monitor"
# Seconds between two readings, each of which is one line.
INTERVAL = 5.0
# Seconds that are watched by hand where nothing else is set.
BY_HAND = 60
# How many readings an endless watch keeps: ten minutes.
LIMIT = 120


@dataclass(frozen=True)
class Watched:
    """All that was measured, what the gates say of it, and why it ended early, if it did."""

    figures: Figures
    verdicts: tuple[Verdict, ...]
    early: str = ""

    @property
    def status(self) -> Status:
        """The worst of the verdicts."""
        return gates.worst(row.status for row in self.verdicts)


@dataclass
class Monitor:
    """The readings of one environment; `say` writes a line. With `endless` nothing ends it."""

    site: Site
    source: Source
    say: Callable[[str], None]
    endless: bool = False
    readings: list[Reading] = field(default_factory=list)

    def run(self, seconds: float, digest: str = "") -> Watched:
        """Watch for so many seconds, or until it is clearly broken.

        With `digest` that release has to run. Raises CommandFailedError if it does not, if nothing
        runs, or if another deployment begins meanwhile.
        """
        clock = self.site.clock
        first = self.source.first()
        _require_running(self.site, first, digest)
        self.readings = [first]
        deadline, early = clock.monotonic() + seconds, ""
        while not early and (self.endless or clock.monotonic() < deadline):
            until = clock.monotonic() + INTERVAL
            self.source.watch(until if self.endless else min(until, deadline))
            self._add(self.source.next())
            watched = self.watched()
            if not self.endless:
                early = rules.clearly_broken(watched.verdicts, watched.figures.facts()["requests"])
        return Watched(*self._judged(), early)

    def watched(self) -> Watched:
        """Return what all readings so far amount to."""
        return Watched(*self._judged())

    def _judged(self) -> tuple[Figures, tuple[Verdict, ...]]:
        found = figures(self.readings)
        return found, self._verdicts(found)

    def _verdicts(self, found: Figures) -> tuple[Verdict, ...]:
        return stages.verdicts(self.site.workspace.config, STAGE, found.facts())

    def _add(self, reading: Reading) -> None:
        if rules.has_changed(self.readings[0], reading):
            if not self.endless:
                raise CommandFailedError(
                    f"A deployment to {self.site.name} began while it was monitored.",
                    why="What was measured is about two releases.",
                    next_step="Monitor it again when the deployment has ended.",
                )
            self.say(f"A deployment to {self.site.name} began: measuring starts again.")
            self.readings = [reading]
            return
        now = figures([self.readings[-1], reading])
        status = gates.worst(row.status for row in self._verdicts(now))
        self.say(rules.line(reading.seconds, now, status))
        self.readings.append(reading)
        if self.endless:
            self.readings = self.readings[-LIMIT:]


def monitor(site: Site, seconds: float, say: Callable[[str], None], digest: str = "") -> Watched:
    """Watch an environment and return what was measured; raises as `Monitor.run`."""
    return Monitor(site, Source(site), say).run(seconds, digest)


def by_hand(site: Site, seconds: float, *, endless: bool = False) -> None:
    """Watch an environment, write a line for each interval and at the end every verdict.

    Raises GateFailedError if a gate failed, CommandFailedError if one could not be judged,
    InterruptedRunError if Ctrl-C ended it.
    """
    say = site.workspace.terminal.data
    act = Monitor(site, Source(site), say, endless)
    try:
        watched = act.run(seconds)
    except KeyboardInterrupt:
        if len(act.readings) > 1:
            _conclude(site, act.watched(), say)
        raise InterruptedRunError(f"Monitoring of {site.name} was interrupted.") from None
    _conclude(site, watched, say)
    raise_for(site.name, watched)


def raise_for(environment: str, watched: Watched) -> None:
    """Raise GateFailedError or CommandFailedError that names the gates of the worst status."""
    codes = ", ".join(row.gate for row in watched.verdicts if row.status is watched.status)
    if watched.status is Status.FAILED:
        raise GateFailedError(
            f"{environment} failed: {codes}.",
            next_step=f"invoke services.logs --environment={environment}",
        )
    if watched.status is Status.ERRORED:
        raise CommandFailedError(
            f"{environment} could not be measured: {codes}.",
            why="; ".join(watched.figures.problems),
            next_step=f"invoke health --environment={environment}",
        )


def _conclude(site: Site, watched: Watched, say: Callable[[str], None]) -> None:
    say(rules.summary(site.name, watched.figures, watched.early))
    for row in rules.verdict_lines(watched.verdicts):
        say(row)


def _require_running(site: Site, first: Reading, digest: str) -> None:
    rows = [row.container for row in first.containers or () if row.container.service == WEB]
    if not rows:
        raise CommandFailedError(
            f"{site.name} has no web container.",
            why="There is nothing to monitor.",
            next_step=f"invoke deploy --environment={site.name}",
        )
    others = {row.digest for row in rows} - {digest}
    if digest and others:
        raise CommandFailedError(
            f"{site.name} does not run the release that is to be monitored.",
            why=f"It runs {', '.join(sorted(others))}, not {digest}.",
        )
