"""What runs where, as the engine and the proxies say it now."""

from __future__ import annotations

from dataclasses import dataclass

from towpath.config import Environment
from towpath.flows.session import Session
from towpath.flows.site import PROXY, WEB, WORKER, Site


@dataclass(frozen=True)
class Status:
    """One environment: what serves, since when (UTC), and how it is.

    `health` is healthy, unhealthy, or absent where nothing runs; `problems` says why.
    """

    environment: str
    version: str
    digest: str
    since: str
    containers: int
    health: str
    problems: tuple[str, ...] = ()


def of(session: Session, environment: Environment) -> Status:
    """Look at one environment."""
    return look(Site.open(session, environment))


def look(site: Site) -> Status:
    """Look at a site: every container well, and something behind the proxy."""
    found = site.containers()
    if not found:
        return Status(site.name, "", "", "", 0, "absent")
    problems = [f"{row.name} is {_word(row.running, row.health)}" for row in found if not row.well]
    serving = site.serving()
    deployed = any(row.service in (WEB, WORKER, PROXY) for row in found)
    if deployed and not serving:
        problems.append("nothing serves behind the proxy")
    if len({row.digest for row in serving}) > 1:
        problems.append("more than one release serves: a deployment is on its way or was cut off")
    first = next(iter(serving), None)
    releases = site.history.releases()
    since = releases[-1]["at"] if releases and first else ""
    return Status(
        site.name,
        first.version if first else "",
        first.digest if first else "",
        since,
        sum(row.service == WEB for row in found),
        "unhealthy" if problems else "healthy",
        tuple(problems),
    )


def _word(running: bool, health: str) -> str:
    return health if running else "not running"
