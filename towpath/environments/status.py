"""What runs where, as the engine and the proxies say it now."""

from __future__ import annotations

from dataclasses import dataclass

from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.environments.engine import Container
from towpath.environments.environment import PROXY, WEB, Site

ABSENT, UNREACHABLE = "absent", "unreachable"


@dataclass(frozen=True)
class EnvironmentStatus:
    """One environment: what serves, since when (UTC), and how it is.

    `health` is healthy, unhealthy, absent where nothing runs, or unreachable where that could not
    be seen; `problems` says why. `holds` are the releases that were undone and go nowhere by
    themselves.
    """

    environment: str
    version: str
    digest: str
    since: str
    containers: int
    health: str
    problems: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()


def status_of(workspace: Workspace, environment: Environment) -> EnvironmentStatus:
    """Look at one environment; one whose engine does not answer is unreachable."""
    try:
        return look(Site.open(workspace, environment))
    except CommandFailedError as error:
        why = tuple(filter(None, (error.what, error.why)))
        return EnvironmentStatus(environment.name, "", "", "", 0, UNREACHABLE, why)


def look(site: Site) -> EnvironmentStatus:
    """Look at a site: every container well, and one release behind the proxy."""
    found, held = site.containers(), _holds(site)
    if not found:
        return EnvironmentStatus(site.name, "", "", "", 0, ABSENT, holds=held)
    serving, releases = site.serving(), site.history.releases()
    of_product = {PROXY, WEB, *(row.name for row in site.others)}
    problems = _problems(found, serving, of_product)
    return EnvironmentStatus(
        site.name,
        serving[0].version if serving else "",
        serving[0].digest if serving else "",
        releases[-1]["at"] if releases and serving else "",
        sum(row.service == WEB for row in found),
        "unhealthy" if problems else "healthy",
        tuple(problems),
        held,
    )


def _holds(site: Site) -> tuple[str, ...]:
    rows = site.history.held()
    return tuple(f"{row['version']} since {row['at']}: {row['why']}" for row in rows)


def _problems(found: list[Container], serving: list[Container], of_product: set[str]) -> list[str]:
    problems = [f"{row.name} is {_word(row)}" for row in found if not row.well]
    if not serving and {row.service for row in found} & of_product:
        problems.append("no container receives traffic from the proxy")
    if len({row.digest for row in serving}) > 1:
        problems.append(
            "more than one release receives traffic: a deployment is running or was interrupted"
        )
    return problems


def _word(container: Container) -> str:
    return container.health if container.running else "not running"
