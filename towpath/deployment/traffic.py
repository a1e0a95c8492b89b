"""Health-check containers, add them to the proxy, and drain them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from towpath.core.errors import CommandFailedError
from towpath.deployment import pages
from towpath.environments.engine import Container
from towpath.environments.environment import POLL, WEB, Site

LOG_LINES = 12  # of a container, in errors
ADMISSION = 15  # seconds until HAProxy has to mark a container as up
QUIET_POLLS = 2  # consecutive polls without open requests


def _nothing() -> None:
    """Do nothing while something else is waited for."""


def serving_digest(site: Site) -> str:
    """Return the digest that gets requests now, or an empty string.

    Raises CommandFailedError if the engine or the proxy does not respond.
    """
    return next((row.digest for row in site.serving()), "")


def is_steady(site: Site, digest: str) -> bool:
    """Tell whether only this digest runs, healthy and with the configured replicas."""
    web = site.serving()
    others = {row.name: site.containers(row.name) for row in site.others}
    return (
        len(web) == site.environment.replicas
        and all(len(others[row.name]) == row.count for row in site.others)
        and all(row.digest == digest and row.well for row in sum(others.values(), web))
        and len(site.containers(WEB)) == len(web)
    )


def restore(site: Site) -> None:
    """Repair the proxy: clear slots of removed containers, and restore the recorded release.

    Containers that get no requests are removed. Raises CommandFailedError.
    """
    _clear_removed(site)
    releases = site.history.releases()
    if releases and not site.serving():
        for host in _healthy_of(site, releases[-1]["deployment"]):
            admit(site, host)
    for row in _idle(site):
        site.workspace.terminal.warn(f"Removing {row.name}: it receives no traffic.")
        site.engine.remove(row, site.environment.drain)


def _clear_removed(site: Site) -> None:
    names = {row.name for row in site.containers(WEB) if row.running}
    for slot in site.proxy.slots():
        if slot.host and slot.host not in names:
            site.proxy.clear(slot.host)


def _healthy_of(site: Site, deployment: str) -> list[str]:
    found = site.containers(WEB)
    return [row.name for row in found if row.well and row.deployment == deployment]


def _idle(site: Site) -> list[Container]:
    """Return web containers without requests, and others of releases that do not serve."""
    serving = site.serving()
    hosts, deployments = {row.name for row in serving}, {row.deployment for row in serving}
    web = [row for row in site.containers(WEB) if row.name not in hosts]
    others = [
        row
        for process in site.others
        for row in site.containers(process.name)
        if not (row.running and row.deployment in deployments)
    ]
    return web + others


def prove(site: Site, container: Container) -> None:
    """Wait until a container answers its pages several times in a row, without a restart.

    The setting `healthy` has their number, `deadline` the time in seconds. Raises
    CommandFailedError, with the container's log, if that takes too long.
    """
    wanted, deadline = site.environment.healthy, site.clock.monotonic() + site.environment.deadline
    good, answer = 0, ""
    while good < wanted:
        _require_running(site, container)
        if site.clock.monotonic() >= deadline:
            raise _unhealthy(
                site,
                container,
                f"It had only {good} of {wanted} consecutive successful health checks: {answer}",
            )
        answer = pages.problem_of(site, container, pages.required_pages(site.environment))
        good = 0 if answer else good + 1
        site.clock.sleep(POLL)


def await_health(site: Site, container: Container) -> None:
    """Wait until Docker reports a container as healthy, without a restart.

    Raises CommandFailedError if that takes longer than the setting `deadline`, in seconds.
    """
    deadline = site.clock.monotonic() + site.environment.deadline
    while not _require_running(site, container).well:
        if site.clock.monotonic() >= deadline:
            raise _unhealthy(
                site, container, f"It was not healthy after {site.environment.deadline} s."
            )
        site.clock.sleep(POLL)


def admit(site: Site, host: str) -> None:
    """Add a container to the proxy, and wait until it gets requests.

    Raises CommandFailedError if the proxy does not mark it as up in time.
    """
    proxy = site.proxy
    proxy.add_server(host)
    proxy.set(host, "ready")
    site.wait(f"HAProxy to mark {host} as up", ADMISSION, lambda: _is_up(site, host))


def drain(site: Site, hosts: Iterable[str], meanwhile: Callable[[], object] = _nothing) -> None:
    """Send no new requests to containers; return when none are open, or after the drain time.

    `meanwhile` is called again and again; its errors end the wait. Raises CommandFailedError if
    HAProxy does not answer.
    """
    names = [host for host in hosts if site.proxy.slot(host)]
    # HAProxy still sends a draining server what has its cookie, but not one in maintenance.
    state = "maint" if site.environment.sticky else "drain"
    for host in names:
        site.proxy.set(host, state)
    deadline, quiet = site.clock.monotonic() + site.environment.drain, 0
    while names and quiet < QUIET_POLLS:
        open_ = _open_requests(site, names)
        if site.clock.monotonic() >= deadline:
            site.workspace.terminal.warn(
                f"{open_} requests were still open after the drain time of"
                f" {site.environment.drain} s."
            )
            return
        quiet = 0 if open_ else quiet + 1
        meanwhile()
        site.clock.sleep(POLL)


def _open_requests(site: Site, hosts: Iterable[str]) -> int:
    return sum(slot.sessions for slot in site.proxy.slots() if slot.host in set(hosts))


def _is_up(site: Site, host: str) -> bool:
    slot = site.proxy.slot(host)
    return slot is not None and slot.up


def _require_running(site: Site, container: Container) -> Container:
    """Return the state of a container; raises CommandFailedError if it stopped or restarted."""
    rows = site.containers(container.service)
    found = next((row for row in rows if row.id == container.id), None)
    if found is None:
        raise CommandFailedError(f"The container {container.name} no longer exists.")
    if not found.running or found.restarts:
        raise _unhealthy(site, found, f"It stopped; it was restarted {found.restarts} times.")
    return found


def _unhealthy(site: Site, container: Container, why: str) -> CommandFailedError:
    return CommandFailedError(
        f"The container {container.name} is not healthy.",
        why=f"{why} {site.engine.logs(container, LOG_LINES)}",
    )
