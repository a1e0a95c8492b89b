"""Registries, environments, advisories and the dashboard, as each answers or fails."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal, TableRunner
from tests.misbehaving import free_port
from tests.registry_server import NAME, Fault, Store, push_image
from tests.releases import record, workspace_at
from tests.unit.deployment.world import FIRST, World, site_of
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.http import HttpAnswer
from towpath.core.references import Repository
from towpath.deployment import deploy
from towpath.environments import services as stack
from towpath.operations import service_probes
from towpath.operations.health_rules import HealthCheck, Level
from towpath.operations.probes import run_probes
from towpath.registry.client import RegistryClient


def registry(store: Store) -> list[HealthCheck]:
    """Return what is found of the registry."""
    return service_probes.check_registry(store.client(), store.repository)


@pytest.mark.door
def test_a_registry_that_is_well(store: Store) -> None:
    """It was asked for all, and the upload that was begun is cancelled."""
    digest = push_image(store.client(), {}, tag="built").digest
    store.asked.clear()

    found, clock = registry(store)

    assert found.level == Level.OK
    assert found.message == f"reachable, no login, accepts pushes, built is {digest[:19]}"
    assert (clock.subject, clock.level, clock.message) == (
        f"clock against {store.host}",
        Level.OK,
        "in step",
    )
    assert [line.split()[0] for line in store.asked] == ["GET", "GET", "POST", "DELETE", "GET"]


@pytest.mark.door
def test_nothing_built_is_a_warning(store: Store) -> None:
    """There is no tag to read."""
    found = registry(store)[0]

    assert (found.level, found.next_step) == (Level.WARNING, "invoke build")


@pytest.mark.door
@pytest.mark.parametrize(
    ("where", "status", "words"),
    [
        ("POST", 403, "does not accept a push"),
        ("POST", 405, "does not accept a push"),
        ("POST", 202, "does not accept a push: The registry names no place for an upload."),
        ("GET /v2/towpath", 403, "built is not readable"),
    ],
)
def test_a_registry_that_does_not_do_all(store: Store, where: str, status: int, words: str) -> None:
    """What it does not let us do is an error, with the command to log in."""
    push_image(store.client(), {}, tag="built")
    store.faults.append(Fault(where, status))

    found = registry(store)[0]

    assert found.level == Level.ERROR
    assert words in found.message
    assert found.next_step == f"invoke registry.login --registry={store.host} --user=NAME"


@pytest.mark.door
def test_a_login_that_is_refused(store: Store) -> None:
    """A wrong password, or none where one is wanted: both lines say so."""
    store.faults += [Fault("GET /v2/", 401, {"WWW-Authenticate": 'Basic realm="r"'})] * 3

    found = registry(store)

    assert [row.level for row in found] == [Level.ERROR, Level.ERROR]
    assert found[0].message.startswith("reachable, login refused: ")
    assert found[0].next_step.startswith("invoke registry.login ")


@pytest.mark.door
def test_a_registry_that_is_not_there() -> None:
    """The clock cannot be compared either."""
    place = Repository(f"127.0.0.1:{free_port()}", NAME)

    found = service_probes.check_registry(RegistryClient(place, env={}), place)

    assert [row.level for row in found] == [Level.ERROR, Level.ERROR]
    assert [row.next_step for row in found] == ["invoke registry.start"] * 2


@pytest.mark.door
@pytest.mark.parametrize(
    ("date", "level", "words"),
    [
        ("+600", Level.ERROR, "behind"),
        ("-120", Level.WARNING, "ahead"),
        ("never", Level.ERROR, "could not check: the registry sends no Date"),
    ],
)
def test_clocks(
    store: Store, monkeypatch: pytest.MonkeyPatch, date: str, level: Level, words: str
) -> None:
    """Its own Date decides; without one nothing does."""
    if date == "never":
        text = date
    else:
        moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=int(date))
        text = format_datetime(moment, usegmt=True)
    monkeypatch.setattr("http.server.BaseHTTPRequestHandler.date_time_string", lambda _self: text)

    found = registry(store)[1]

    assert found.level == level
    assert words in found.message


def test_an_environment_that_serves(tmp_path: Path) -> None:
    """What it serves, and each service of it."""
    site = site_of(World(), tmp_path, replicas=2)
    deploy.carry_out(site, "deploy", FIRST, "1.0")

    found = {row.subject: row for row in service_probes.check_site(site, expected=True)}

    assert {row.level for row in found.values()} == {Level.OK}
    assert found[site.name].message.startswith("healthy, serves 1.0 since 20")
    assert found[f"{site.name} web"].message == "2 running"
    assert {f"{site.name} {name}" for name in ("proxy", "database", "cache", "queue")} <= set(found)


def test_services_that_are_ill_or_missing(tmp_path: Path) -> None:
    """Each has a line and a command of its own."""
    world = World()
    site = site_of(world, tmp_path)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.change("cache", health="unhealthy")
    world.rows = [row for row in world.rows if row.service != "database"]

    found = {row.subject: row for row in service_probes.check_site(site)}

    name = site.name
    assert found[name].message == "cache-2 is unhealthy"
    assert found[f"{name} cache"].message == "cache-2 is unhealthy"
    assert found[f"{name} database"] == HealthCheck(
        f"{name} database",
        Level.ERROR,
        "not running",
        f"invoke services.up --environment={name}",
    )
    bad = {row.subject for row in found.values() if row.level == Level.ERROR}
    assert bad == {name, f"{name} cache", f"{name} database"}


@pytest.mark.parametrize(("service", "starts"), [("database", True), ("web", False)])
def test_what_was_stopped_has_the_command_that_starts_it(
    tmp_path: Path, service: str, starts: bool
) -> None:
    """A service is started; why the product has ended is in its log."""
    world = World()
    site = site_of(world, tmp_path)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.change(service, running=False)

    found = {row.subject: row for row in service_probes.check_site(site)}

    logs, up = (f"invoke services.{word} --environment={site.name}" for word in ("logs", "up"))
    assert found[f"{site.name} {service}"].message.endswith("is not running")
    own = up if starts else f"{logs} --service={service}"
    assert found[f"{site.name} {service}"].next_step == own
    assert found[site.name].next_step == (up if starts else logs)


def test_an_environment_that_does_not_run(tmp_path: Path) -> None:
    """Fine where nothing was deployed and nobody asks for it by name."""
    world = World()
    site = site_of(world, tmp_path)

    assert [row.level for row in service_probes.check_site(site)] == [Level.OK]
    assert [row.level for row in service_probes.check_site(site, expected=True)] == [Level.ERROR]
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.rows = []
    gone = list(service_probes.check_site(site))
    assert [(row.level, row.message) for row in gone] == [
        (Level.WARNING, "nothing runs, and 1.0 was deployed here")
    ]


def test_services_alone_serve_no_release(tmp_path: Path) -> None:
    """As it is before the first deployment."""
    site = site_of(World(), tmp_path)
    stack.up(site, site.services)

    assert next(iter(service_probes.check_site(site))).message == "healthy, serves no release"


@pytest.mark.door
def test_advisories(tmp_path: Path, store: Store) -> None:
    """By the last run; none is a warning, one that cannot be read an error."""
    workspace = workspace_at(tmp_path, store)
    record(workspace, "scan", FIRST, age_days=3.0)
    folder = workspace.config.reports / "evidence"
    wanted = [row for row in service_probes.probes(workspace) if "advisories" in row.subject]

    security, scan = run_probes(wanted)

    assert (security.level, security.next_step) == (Level.WARNING, "nox -s security")
    assert (scan.level, scan.message) == (Level.OK, "3.5 days old, limit 35")
    (folder / "security.json").write_text("{}")
    assert run_probes(wanted)[0].level == Level.ERROR


def at(tmp_path: Path, **env: str) -> Workspace:
    """Return a workspace whose dashboard has an address."""
    table = {"dashboard": {"url": "http://127.0.0.1:1"}}
    env = {"TOWPATH_STATE": str(tmp_path / "state"), **env}
    return Workspace(config.parse(table, tmp_path, env), TableRunner(), QuietTerminal())


def test_the_dashboard(tmp_path: Path) -> None:
    """It has to answer, and there has to be a token for it."""
    known = at(tmp_path, TOWPATH_DASHBOARD_TOKEN="t")

    def check(status: int, problem: str = "") -> list[HealthCheck]:
        answer = HttpAnswer(status, problem=problem)
        return list(service_probes.check_dashboard(known, lambda _url: answer))

    assert [row.level for row in check(200)] == [Level.OK]
    assert check(503)[0].message == "http://127.0.0.1:1 answers 503"
    assert check(0, "ConnectionError")[0].message == (
        "http://127.0.0.1:1 answers nothing ConnectionError"
    )
    with pytest.raises(ConfigurationError, match="no token"):
        list(service_probes.check_dashboard(at(tmp_path), lambda _url: HttpAnswer(200)))


def test_what_is_not_configured_has_no_line(tmp_path: Path) -> None:
    """Registry and advisories are always there, a dashboard is not."""
    with_one = service_probes.probes(at(tmp_path))
    without = service_probes.probes(
        Workspace(config.parse({}, tmp_path, {}), TableRunner(), QuietTerminal())
    )

    assert [row.subject for row in with_one][-1] == "dashboard"
    assert [row.subject for row in without] == [
        "registry localhost:5000",
        "advisories of security",
        "advisories of scan",
    ]
