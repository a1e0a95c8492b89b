"""Who gets requests: containers are proved, admitted, drained and watched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from towpath import gates
from towpath.checks.lint import django_commands as django
from towpath.core.errors import CommandFailedError, GateFailedError
from towpath.environments.engine import Container
from towpath.environments.environment import POLL, WEB, WORKER, Site
from towpath.gates import Status

LOG_LINES = 12
ADMISSION = 15
QUIET_POLLS = 2


@dataclass(frozen=True)
class Count:
    """What a slot of the proxy has counted: answers, and failures among them."""

    answers: int = 0
    failures: int = 0


def serving_digest(site: Site) -> str:
    """Return the digest that gets requests now, or an empty string."""
    return next((row.digest for row in site.serving()), "")


def is_steady(site: Site, digest: str) -> bool:
    """Tell whether this digest, and it alone, serves and works as the settings want it."""
    web, worker = site.serving(), [row for row in site.containers(WORKER) if row.running]
    return (
        len(web) == site.environment.replicas
        and len(worker) == 1
        and all(row.digest == digest and row.well for row in web + worker)
        and len(site.containers(WEB)) == len(web)
    )


def restore(site: Site) -> None:
    """Mend the proxy: no slot for what is gone, requests for the recorded release if none get any.

    Containers that get no request, and that no deployment speaks of, are removed.
    """
    _forget_gone(site)
    releases = site.history.releases()
    if releases and not site.serving():
        for host in _well_of(site, releases[-1]["deployment"]):
            admit(site, host)
    for row in _idle(site):
        site.workspace.terminal.warn(f"{row.name} serves nobody and is removed.")
        site.engine.remove(row, site.environment.drain)


def _forget_gone(site: Site) -> None:
    names = {row.name for row in site.containers(WEB) if row.running}
    for slot in site.proxy.slots():
        if slot.host and slot.host not in names:
            site.proxy.clear(slot.host)


def _well_of(site: Site, deployment: str) -> list[str]:
    found = site.containers(WEB)
    return [row.name for row in found if row.well and row.deployment == deployment]


def _idle(site: Site) -> list[Container]:
    """Return web containers that get no request, and workers of a release that does not serve."""
    serving = site.serving()
    hosts, deployments = {row.name for row in serving}, {row.deployment for row in serving}
    web = [row for row in site.containers(WEB) if row.name not in hosts]
    workers = [
        row
        for row in site.containers(WORKER)
        if not (row.running and row.deployment in deployments)
    ]
    return web + workers


def prove(site: Site, container: Container) -> None:
    """Hear `healthy` good answers in a row from a container that never restarts.

    Raises CommandFailedError, with what the container wrote, if that does not come in time.
    """
    wanted, deadline = site.environment.healthy, site.clock.monotonic() + site.environment.deadline
    good, said = 0, ""
    while good < wanted:
        _alive(site, container)
        if site.clock.monotonic() >= deadline:
            raise _unwell(site, container, f"It gave {good} good answers in a row: {said}")
        code, said = _ready(site, container)
        good = 0 if code else good + 1
        site.clock.sleep(POLL)


def await_health(site: Site, container: Container) -> None:
    """Wait until the container's own check says healthy, without a restart."""
    deadline = site.clock.monotonic() + site.environment.deadline
    while not _alive(site, container).well:
        if site.clock.monotonic() >= deadline:
            raise _unwell(site, container, "Its own check did not say healthy in time.")
        site.clock.sleep(POLL)


def admit(site: Site, host: str) -> None:
    """Let the proxy send requests to a container, and see that it does."""
    proxy = site.proxy
    proxy.place(host)
    proxy.set(host, "ready")
    site.wait(f"that the proxy sends to {host}", ADMISSION, lambda: _is_up(site, host))


def drain(site: Site, hosts: Iterable[str]) -> None:
    """Send nothing new to containers; return when they have nothing open, or at the deadline."""
    names = [host for host in hosts if site.proxy.slot(host)]
    for host in names:
        site.proxy.set(host, "drain")
    deadline, quiet = site.clock.monotonic() + site.environment.drain, 0
    while names and quiet < QUIET_POLLS:
        open_ = _open_requests(site, names)
        if site.clock.monotonic() >= deadline:
            site.workspace.terminal.warn(f"{open_} requests were still open after the drain time.")
            return
        quiet = 0 if open_ else quiet + 1
        site.clock.sleep(POLL)


def counts(site: Site, hosts: Iterable[str]) -> dict[str, Count]:
    """Return what the proxy has counted for these containers."""
    names = set(hosts)
    return {
        slot.host: Count(slot.answers, slot.failures)
        for slot in site.proxy.slots()
        if slot.host in names
    }


def watch(
    site: Site, containers: Callable[[], list[Container]], baseline: Mapping[str, Count]
) -> None:
    """Watch new containers for the bake time, then judge the errors they gave.

    Raises CommandFailedError for one that falls ill, GateFailedError for too many errors.
    """
    deadline = site.clock.monotonic() + site.environment.bake
    _require_healthy(site, containers())
    while (left := deadline - site.clock.monotonic()) > 0:
        site.clock.sleep(min(1.0, max(POLL, left)))
        _require_healthy(site, containers())
    _judge_errors(site, baseline)


def _require_healthy(site: Site, containers: Iterable[Container]) -> None:
    """Raise CommandFailedError for a container that stopped, was started again or is unhealthy."""
    for row in containers:
        _alive(site, row)
        if row.health == "unhealthy":
            raise _unwell(site, row, "It fell ill while it was watched.")


def _judge_errors(site: Site, baseline: Mapping[str, Count]) -> None:
    """Judge the errors among the answers since the baseline; raises GateFailedError."""
    now = dict(baseline) | counts(site, baseline)
    answers = sum(now[host].answers - before.answers for host, before in baseline.items())
    failures = sum(now[host].failures - before.failures for host, before in baseline.items())
    share = 100 * failures / answers if answers else 0.0
    verdict = gates.evaluate(gates.gate("ERROR_RATE", site.workspace.config.gates), share)
    if verdict.status is not Status.PASSED:
        raise GateFailedError(f"ERROR_RATE: {failures} of {answers} answers were errors.")


def _open_requests(site: Site, hosts: Iterable[str]) -> int:
    return sum(slot.sessions for slot in site.proxy.slots() if slot.host in set(hosts))


def _is_up(site: Site, host: str) -> bool:
    slot = site.proxy.slot(host)
    return slot is not None and slot.up


def _ready(site: Site, container: Container) -> tuple[int, str]:
    """Ask a container whether it is ready; one that cannot even be asked is not."""
    try:
        code, said = site.engine.execute(container, django.ready())
    except CommandFailedError as error:
        return 1, error.why
    return code, said.strip()[-400:]


def _alive(site: Site, container: Container) -> Container:
    """Return the container as it stands now; raise where it stopped or was started again."""
    rows = site.containers(container.service)
    found = next((row for row in rows if row.id == container.id), None)
    if found is None:
        raise CommandFailedError(f"{container.name} is gone.")
    if not found.running or found.restarts:
        raise _unwell(site, found, f"It stopped; it was started again {found.restarts} times.")
    return found


def _unwell(site: Site, container: Container, why: str) -> CommandFailedError:
    return CommandFailedError(
        f"{container.name} is not well.", why=f"{why} {site.engine.logs(container, LOG_LINES)}"
    )
