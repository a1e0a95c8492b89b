"""Probes of what is reached over the network: registries, environments, dashboard, advisories."""

from __future__ import annotations

import datetime as dt
import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from email.utils import parsedate_to_datetime
from functools import partial

from towpath import gates
from towpath.config import Config, Dashboard, Environment
from towpath.config.workspace import Workspace
from towpath.core import http
from towpath.core.errors import (
    NothingToJudgeError,
    RegistryError,
    RegistryNetworkError,
    RegistryNotFoundError,
    RegistryUnauthorizedError,
)
from towpath.core.http import HttpAnswer
from towpath.core.references import BUILT, Repository
from towpath.environments import status as environments
from towpath.environments.engine import Container
from towpath.environments.environment import Site
from towpath.evidence import record as stages
from towpath.evidence.advisory_sources import AGES
from towpath.operations import health_rules as rules
from towpath.operations.dashboard_target import dashboard_token, dashboard_url
from towpath.operations.health_rules import HealthCheck, Level
from towpath.operations.probes import COMMAND, Probe, failed
from towpath.registry.client import RegistryClient
from towpath.registry.client.urls import following
from towpath.registry.login import registry_client

# A Date has whole seconds.
DATE_STEP = 1.0
MAKES = {"security": "nox -s security", "scan": "invoke scan"}

Get = Callable[[str], HttpAnswer]


def probes(workspace: Workspace) -> list[Probe]:
    """Return the probes of registries, of the data about advisories and of the dashboard."""
    config = workspace.config
    found = [
        Probe(f"registry {place.registry}", partial(_registry, config, place))
        for place in (config.images, *config.mirrors)
    ]
    found += [
        Probe(f"advisories of {stage}", partial(_advisories, config, stage)) for stage in AGES
    ]
    if config.dashboard != Dashboard():
        found.append(
            Probe("dashboard", lambda: check_dashboard(workspace), "invoke report.publish")
        )
    return found


def environment_probe(
    workspace: Callable[[], Workspace], place: Environment, *, expected: bool = False
) -> Probe:
    """Return the probe of an environment; one that is `expected` to run must not be absent."""
    return Probe(
        place.name,
        lambda: check_site(Site.open(workspace(), place), expected=expected),
        f"invoke services.logs --environment={place.name}",
    )


def _registry(config: Config, place: Repository) -> Iterable[HealthCheck]:
    client = registry_client(place, config.env)
    return check_registry(client, place)


def check_registry(client: RegistryClient, place: Repository) -> list[HealthCheck]:
    """Ask a registry for its root, for an upload that is cancelled at once, and for a known tag."""
    subject, watch = f"registry {place.registry}", f"clock against {place.registry}"
    asked = time.time()
    try:
        answer = client.once("GET", "/v2/")
        date, answered = answer.headers.get("date", ""), time.time()
        answer.close()
    except RegistryUnauthorizedError as error:
        login = _log_in(client, place)
        words = f"reachable, login refused: {error.what}"
        unknown = "could not check: the registry refuses the login"
        return [
            HealthCheck(subject, Level.ERROR, words, login),
            HealthCheck(watch, Level.ERROR, unknown, login),
        ]
    except RegistryNetworkError as error:
        start = f"curl --head https://{place.registry}/v2/"
        step = "invoke registry.start" if place.is_loopback else start
        error.next_step = step
        return [failed(subject, error), failed(watch, error)]
    return [_usable(client, subject, _log_in(client, place)), _clock(watch, date, asked, answered)]


def _log_in(client: RegistryClient, place: Repository) -> str:
    """Return the command that replaces the login: of the same user, if one is known."""
    found = client.login.credentials if client.login else None
    user = (found.user if found else "") or "NAME"
    return f"invoke registry.login --registry={place.registry} --user={shlex.quote(user)}"


def _usable(client: RegistryClient, subject: str, login: str) -> HealthCheck:
    """Return whether a registry that answers takes pushes and lets a known tag be read."""
    who = "logged in" if client.authenticated else "no login"
    try:
        _try_upload(client)
    except RegistryError as error:
        words = f"reachable, {who}, does not accept a push: {error.what}"
        return HealthCheck(subject, Level.ERROR, words, login)
    try:
        digest = client.resolve(BUILT)
    except RegistryNotFoundError:
        words = f"reachable, {who}, accepts pushes, no tag {BUILT} to read yet"
        return HealthCheck(subject, Level.WARNING, words, "invoke build")
    except RegistryError as error:
        words = f"reachable, {who}, accepts pushes, {BUILT} is not readable: {error.what}"
        return HealthCheck(subject, Level.ERROR, words, login)
    words = f"reachable, {who}, accepts pushes, {BUILT} is {digest[:19]}"
    return HealthCheck(subject, Level.OK, words)


def _try_upload(client: RegistryClient) -> None:
    """Begin an upload and cancel it. Source: OCI distribution spec 1.1, "Pushing blobs"."""
    began = client.once("POST", "blobs/uploads/")
    location = began.headers.get("location", "")
    began.close()
    if not location:
        raise RegistryError("The registry names no place for an upload.")
    try:
        client.once("DELETE", following(began.url, location)).close()
    except RegistryError:
        # Not every registry lets an upload be cancelled; all end one that nobody continues.
        return


def _clock(subject: str, date: str, asked: float, answered: float) -> HealthCheck:
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        words = "could not check: the registry sends no Date"
        return HealthCheck(subject, Level.ERROR, words, "date --utc")
    middle = (asked + answered) / 2
    return rules.clock(subject, middle - theirs, (answered - asked) / 2 + DATE_STEP)


def check_site(site: Site, *, expected: bool = False) -> Iterable[HealthCheck]:
    """Look at an environment: what it serves, and each service of it, the proxy among them."""
    found, containers = environments.look(site), site.containers()
    if not containers:
        yield _absent(site, expected)
        return
    words = "; ".join(found.problems) or _serving(found)
    level = Level.ERROR if found.problems else Level.OK
    yield HealthCheck(site.name, level, words, _next_step(site, containers))
    services: dict[str, list[Container]] = {}
    for row in containers:
        services.setdefault(row.service, []).append(row)
    for service, rows in sorted(services.items()):
        yield _service(f"{site.name} {service}", rows, _next_step(site, rows, service))
    for service in sorted(set(site.services).difference(services)):
        yield HealthCheck(f"{site.name} {service}", Level.ERROR, "not running", _up(site))


def _next_step(site: Site, rows: Sequence[Container], service: str = "") -> str:
    """Return what starts a service that was stopped; anything else begins with the logs."""
    if any(row.service in site.services and not row.running for row in rows):
        return _up(site)
    named = f" --service={service}" if service else ""
    return f"invoke services.logs --environment={site.name}{named}"


def _up(site: Site) -> str:
    return f"invoke services.up --environment={site.name}"


def _service(subject: str, rows: Sequence[Container], next_step: str) -> HealthCheck:
    """Judge the containers of one service: each has to run and, if it has a check, be healthy."""
    ill = [f"{row.name} is {_state(row)}" for row in rows if not row.well]
    level = Level.ERROR if ill else Level.OK
    return HealthCheck(subject, level, "; ".join(ill) or f"{len(rows)} running", next_step)


def _state(container: Container) -> str:
    return container.health if container.running else "not running"


def _absent(site: Site, expected: bool) -> HealthCheck:
    released = site.history.releases()
    if released:
        words = f"nothing runs, and {released[-1]['version']} was deployed here"
        step = f"invoke deploy --environment={site.name}"
        return HealthCheck(site.name, Level.ERROR if expected else Level.WARNING, words, step)
    level = Level.ERROR if expected else Level.OK
    return HealthCheck(site.name, level, f"{environments.ABSENT}: nothing runs", _up(site))


def _serving(found: environments.EnvironmentStatus) -> str:
    if not found.version:
        return f"{found.health}, serves no release"
    return f"{found.health}, serves {found.version} since {found.since or 'an unknown time'}"


def _advisories(config: Config, stage: str) -> Iterable[HealthCheck]:
    """Judge what the last run of a stage used; without such a run nothing was asked yet."""
    step = MAKES[stage]
    if not stages.path(config, stage).exists():
        yield HealthCheck(
            f"advisories of {stage}", Level.WARNING, "never asked on this machine", step
        )
        return
    statement = stages.require(config, stage)
    try:
        started = dt.datetime.fromisoformat(statement.started)
        since = (stages.now() - started).total_seconds()
    except (ValueError, TypeError) as error:
        raise NothingToJudgeError(
            f"The evidence of {stage} has no time.", why=str(error), next_step=step
        ) from error
    limit = gates.gate(AGES[stage], config.limits).limit
    yield rules.advisories(stage, statement.facts, since, limit, step)


def ask_dashboard(url: str) -> HttpAnswer:
    """Ask the dashboard how it is, within the time of a probe."""
    return http.get_json(url, COMMAND)


def check_dashboard(workspace: Workspace, get: Get = ask_dashboard) -> Iterable[HealthCheck]:
    """Ask the dashboard for its own health, and see that there is a token for it."""
    config = workspace.config
    subject, url = "dashboard", dashboard_url(config)
    answer = get(f"{url.rstrip('/')}{config.dashboard.health}")
    name = config.dashboard.environment
    step = f"invoke deploy --environment={name}" if name else f"curl --head {url}"
    if answer.status != 200:
        words = f"{url} answers {answer.status or 'nothing'} {answer.problem}".rstrip()
        yield HealthCheck(subject, Level.ERROR, words, step)
        return
    dashboard_token(workspace)
    yield HealthCheck(subject, Level.OK, f"{url} answers, a token is there")
