"""What runs where, as people type it: deployed, looked at, taken down; output and exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.clock import QuickClock
from tests.registry_server import NAME, Store, push_image
from tests.releases import labels, record_all
from tests.state import DirectoryState
from tests.unit.deployment.test_deploy import DROP
from tests.unit.deployment.world import (
    NO_MIGRATIONS,
    PROCESSES,
    PRODUCT_SERVICES,
    World,
)
from tests.unit.tasks.test_surface import invoke
from towpath import config
from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.http import PageText
from towpath.core.runner import Outcome
from towpath.core.terminal import Terminal
from towpath.deployment import deploy as deployments
from towpath.deployment import verify
from towpath.engine.discover import DiscoveredEngine
from towpath.environments import services as stack
from towpath.environments.environment import Site
from towpath.evidence import record as stages
from towpath.evidence import registry as evidence
from towpath.evidence.statement import Statement
from towpath.operations import engine_probes, health
from towpath.operations.engine_probes import EngineAccess
from towpath.operations.health_reader import EngineInfo
from towpath.promotion.availability import NEEDED
from towpath.tasks import deploy, migrations, monitoring, services

pytestmark = pytest.mark.door

Capture = pytest.CaptureFixture[str]
VERSION = labels()["org.opencontainers.image.version"]
PENDING = {**NO_MIGRATIONS, "pending": [{"name": "releases.0002_drop", "do": [DROP]}]}


@pytest.fixture
def world() -> World:
    """Return a world where nothing runs."""
    return World()


@pytest.fixture
def workspace(
    tmp_path: Path, store: Store, world: World, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    """Return the session that every task gets, in that world and with a registry."""
    (tmp_path / "compose").mkdir()
    for name in ("base.yaml", "staging.yaml", "production.yaml", "haproxy.cfg"):
        (tmp_path / "compose" / name).touch()
    table = {
        "name": "box",
        "repository": NAME,
        "registry": store.host,
        "compose": "compose",
        "processes": PROCESSES,
        "services": PRODUCT_SERVICES,
        "environments": {
            "staging": {"port": 8081, "bake": 1},
            "production": {"port": 8080, "bake": 1},
        },
    }
    found = config.parse(table, tmp_path, {"TOWPATH_STATE": str(tmp_path / "state")})
    world.backups = tmp_path / "staging" / "backups"

    def made(**_: bool) -> Workspace:
        return Workspace(found, world, Terminal({}))

    def site(asked: Workspace, environment: Environment) -> Site:
        return Site(
            asked, environment, world, DirectoryState(tmp_path / environment.name), QuickClock()
        )

    def get(_url: str, _host: str) -> PageText:
        return PageText(200 if world.ready else 503)

    for module in (deploy, migrations, monitoring, services):
        monkeypatch.setattr(module, "workspace", made)
    monkeypatch.setattr(deploy, "with_engine", lambda found: found)
    monkeypatch.setattr(Site, "open", site)
    monkeypatch.setattr(verify, "get_text", get)
    return made()


@pytest.fixture
def released(workspace: Workspace, store: Store, world: World) -> str:
    """Return the digest of a release that was promoted to `test`, and that the engine can run."""
    digest = push_image(store.client(), labels(), tag="test").digest
    evidence.push(store.client(), digest, record_all(workspace, digest, *NEEDED["test"]).values())
    world.images[workspace.config.images.at(digest)] = "linux/amd64"
    return digest


def test_a_deployment_prints_what_serves(
    workspace: Workspace, released: str, world: World, store: Store, capsys: Capture
) -> None:
    """Standard output is the image; both stages leave evidence, one of them in the registry."""
    code, out, err = invoke(capsys, "deploy", "--environment=staging")

    assert code == 0
    assert out.strip() == f"{store.repository}@{released}"
    assert f"staging now runs {VERSION} at http://127.0.0.1:8081" in err
    assert world.ready == [VERSION]
    assert stages.require(workspace.config, "deploy").facts["digest"] == released
    assert stages.require(workspace.config, "verify").status == "passed"


def test_a_release_that_does_not_get_well_is_undone(
    workspace: Workspace, released: str, world: World, capsys: Capture
) -> None:
    """Exit code 6, and nothing of it is behind the proxy."""
    world.sick.add(released)

    code, out, err = invoke(capsys, "deploy", "--environment=staging")

    assert (code, out) == (6, "")
    assert "ERROR" in err and world.ready == []


def test_what_was_undone_is_on_hold_until_a_person_takes_it_off(
    workspace: Workspace,
    released: str,
    world: World,
    store: Store,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Status, history and evidence say so; CI does not deploy it again, a person may."""
    world.sick.add(released)
    assert invoke(capsys, "deploy", "--environment=staging")[0] == 6

    status = json.loads(invoke(capsys, "status", "--json")[1])
    assert "is not healthy" in next(r for r in status if r["environment"] == "staging")["holds"][0]
    assert "on hold: " in invoke(capsys, "status")[1]
    assert latest(store, released)["hold-staging"].status != "passed"

    world.sick.clear()
    with monkeypatch.context() as patch:
        patch.setattr(config.Config, "in_ci", True)
        code, _, err = invoke(capsys, "deploy", "--environment=staging")
    assert code == 7
    assert "on hold since" in err and "invoke resume --environment=staging" in err

    assert invoke(capsys, "resume", "--environment=staging")[0] == 2
    code, _, err = invoke(capsys, "resume", "--environment=staging", "--reason=the disk was full")
    assert code == 0
    assert f"{VERSION} is no longer on hold in staging." in err
    assert latest(store, released)["hold-staging"].facts["resumed"] == "the disk was full"
    rows = json.loads(invoke(capsys, "history", "--environment=staging", "--json")[1])
    assert [row["kind"] for row in rows] == ["hold", "resume"]
    with monkeypatch.context() as patch:
        patch.setattr(config.Config, "in_ci", True)
        assert invoke(capsys, "deploy", "--environment=staging")[0] == 0


def latest(store: Store, digest: str) -> dict[str, Statement]:
    """Return the last statement of each stage that is attached to an image."""
    rows = sorted(evidence.pull(store.client(), digest), key=lambda row: (row.started, row.attempt))
    return {row.stage: row for row in rows}


def test_an_environment_that_is_none_ends_with_2(workspace: Workspace, capsys: Capture) -> None:
    """The nearest is named, for every task that takes one."""
    for name in (
        "deploy",
        "rollback",
        "history",
        "resume",
        "health",
        "services.up",
        "migrations.plan",
    ):
        code, _, err = invoke(capsys, name, "--environment=stagin")

        assert code == 2, name
        assert "Did you mean 'staging'?" in err


def test_production_takes_only_what_was_promoted(
    workspace: Workspace, released: str, store: Store, capsys: Capture
) -> None:
    """A digest that is not behind `release` is refused with 7."""
    store.tags["release"] = push_image(store.client(), {**labels(), "other": "1"}).digest

    code, _, err = invoke(capsys, "deploy", "--environment=production", f"--digest={released}")

    assert code == 7
    assert "promote-release" in err


def test_a_rollback_brings_the_release_before(
    workspace: Workspace, released: str, world: World, store: Store, capsys: Capture
) -> None:
    """It is verified as any deployment is, and the history has both acts."""
    changed = {**labels(), "org.opencontainers.image.version": "0.0.1"}
    newer = push_image(store.client(), changed).digest
    evidence.push(store.client(), newer, record_all(workspace, newer, *NEEDED["test"]).values())
    world.images[workspace.config.images.at(newer)] = "linux/amd64"
    assert invoke(capsys, "deploy", "--environment=staging")[0] == 0
    assert invoke(capsys, "deploy", "--environment=staging", f"--digest={newer}")[0] == 0

    code, out, err = invoke(capsys, "rollback", "--environment=staging")
    rows = json.loads(invoke(capsys, "history", "--environment=staging", "--json")[1])

    assert code == 0
    assert out.strip() == f"{store.repository}@{released}"
    assert f"runs {VERSION} again" in err
    assert world.ready == [VERSION]
    assert [row["kind"] for row in rows] == ["deploy", "deploy", "rollback"]
    assert [row["digest"] for row in rows] == [released, newer, released]


def test_without_a_release_before_there_is_no_rollback(
    workspace: Workspace, released: str, capsys: Capture
) -> None:
    """Exit code 2, and where to look."""
    code, _, err = invoke(capsys, "rollback", "--environment=staging")

    assert code == 2
    assert "invoke history --environment=staging" in err


def test_the_history_is_a_table(workspace: Workspace, released: str, capsys: Capture) -> None:
    """With what was there before."""
    invoke(capsys, "deploy", "--environment=staging")

    code, out, _ = invoke(capsys, "history", "--environment=staging")

    assert code == 0
    assert "History of staging" in out and VERSION in out and released[:19] in out


def test_the_status_names_what_serves(workspace: Workspace, released: str, capsys: Capture) -> None:
    """As a table and as JSON."""
    invoke(capsys, "deploy", "--environment=staging")

    _, table, _ = invoke(capsys, "status")
    code, out, _ = invoke(capsys, "status", "--json")

    rows = {row["environment"]: row for row in json.loads(out)}
    assert code == 0
    assert rows["staging"]["digest"] == released
    assert rows["staging"]["health"] == "healthy"
    assert VERSION in table and "healthy" in table


def test_health_tells_who_is_not_well(
    workspace: Workspace,
    released: str,
    world: World,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit code 5 names the environment; one that is well, or not there, is none."""
    engine = EngineAccess(lambda: DiscoveredEngine("host", ""), lambda: workspace, _no_info)
    monkeypatch.setattr(engine_probes, "access", lambda _workspace: engine)
    monkeypatch.setattr(health, "machine_probes", lambda *_: [])
    absent = invoke(capsys, "health")
    named = invoke(capsys, "health", "--environment=staging")
    invoke(capsys, "deploy", "--environment=staging")
    well = invoke(capsys, "health", "--environment=staging")
    world.change("worker", health="unhealthy")
    ill = invoke(capsys, "health")

    assert [row[0] for row in (absent, named, well, ill)] == [0, 5, 0, 5]
    assert re.search(rf"✓ staging +[0-9.]+ s  healthy, serves {re.escape(VERSION)} ", well[1])
    assert "is unhealthy" in ill[1] and "These checks failed: " in ill[2]


def _no_info() -> EngineInfo:
    raise AssertionError("the probe of an environment asks the engine for its containers only")


def test_services_come_up_and_go(workspace: Workspace, world: World, capsys: Capture) -> None:
    """Their addresses are shown, and what they write."""
    up = invoke(capsys, "services.up", "--environment=staging")
    listed = invoke(capsys, "services.ps", "--environment=staging")
    logs = invoke(capsys, "services.logs", "--environment=staging", "--service=queue")
    waited = invoke(capsys, "services.wait", "--environment=staging")
    down = invoke(capsys, "services.down", "--environment=staging", "--volumes")

    assert [row[0] for row in (up, listed, logs, waited, down)] == [0] * 5
    assert "10.0.0.2" in up[1] and "passwords are in" in up[2]
    assert "database-1" in listed[1] and "healthy" in listed[1]
    assert logs[1] == "log of queue-3\n"
    assert "Healthy: database, cache, queue." in waited[2]
    assert world.rows == [] and "--volumes" in world.acts[-1]


def test_monitoring_starts_and_stops(workspace: Workspace, world: World, capsys: Capture) -> None:
    """Its pages are shown, and where alerts go."""
    file = workspace.config.root / "compose/monitoring.yaml"
    file.touch()
    early = invoke(capsys, "monitoring.start", "--environment=staging")
    none = invoke(capsys, "monitoring.stop", "--environment=staging")
    stack.up(Site.open(workspace, workspace.config.environment("staging")), ("proxy",))
    started = invoke(capsys, "monitoring.start", "--environment=staging")
    stopped = invoke(capsys, "monitoring.stop", "--environment=staging", "--volumes")

    assert early[0] == 5 and "invoke deploy --environment=staging" in early[2]
    assert none[0] == 0 and "staging has no monitoring." in none[2]
    assert started[0] == 0 and "http://127.0.0.1:32768" in started[1]
    assert "TOWPATH_MONITORING_WEBHOOK is not set" in started[2]
    assert stopped[0] == 0 and "--volumes" in world.acts[-1]


def test_an_environment_takes_its_monitoring_with_it(
    workspace: Workspace, world: World, capsys: Capture
) -> None:
    """It is in a network that could not go before."""
    (workspace.config.root / "compose/monitoring.yaml").touch()
    invoke(capsys, "services.up", "--environment=staging")
    downs: list[str] = []
    answer = world.answer

    def noted(argv: tuple[str, ...], *rest: Any) -> Outcome:
        downs.extend(word for word in argv if "down" in argv and word.startswith("--project-name"))
        return answer(argv, *rest)

    world.answer = noted  # type: ignore[method-assign]
    invoke(capsys, "services.down", "--environment=staging")

    assert downs == ["--project-name=box-staging-monitoring", "--project-name=box-staging"]


def test_nothing_to_wait_for_is_said(workspace: Workspace, capsys: Capture) -> None:
    """Exit code 5, and how to start it."""
    code, _, err = invoke(capsys, "services.wait", "--environment=staging")

    assert code == 5
    assert "invoke services.up --environment=staging" in err


def test_a_service_that_does_not_get_well_is_named(
    workspace: Workspace, world: World, capsys: Capture
) -> None:
    """With its own words."""
    invoke(capsys, "services.up", "--environment=staging")
    world.change("queue", health="starting")

    code, _, err = invoke(capsys, "services.wait", "--environment=staging", "--seconds=3")

    assert code == 5
    assert "queue of staging is not healthy" in err and "log of queue-3" in err


def test_the_plan_of_migrations_is_shown(
    workspace: Workspace, released: str, world: World, capsys: Capture
) -> None:
    """With the hazards of each; to look at them is no failure."""
    world.plan = dict(PENDING)

    code, out, err = invoke(capsys, "migrations.plan", "--environment=staging")

    assert code == 0
    assert "releases.0002_drop" in out
    assert "DROP_COLUMN in releases.0002_drop" in err


def test_migrations_that_break_what_serves_fail_their_check(
    workspace: Workspace, released: str, world: World, capsys: Capture
) -> None:
    """Exit code 4; with nothing pending it is 0."""
    fine = invoke(capsys, "migrations.check", "--environment=staging")
    world.plan = dict(PENDING)
    bad = invoke(capsys, "migrations.check", "--environment=staging")

    assert (fine[0], bad[0]) == (0, 4)
    assert "releases.0002_drop" in bad[1] + bad[2]
    assert "apply" not in world.acts


def test_migrations_are_applied_behind_a_backup(
    workspace: Workspace, released: str, world: World, capsys: Capture
) -> None:
    """Where nothing serves yet, nothing can break."""
    world.plan = dict(PENDING)

    code, _, _ = invoke(capsys, "migrations.apply", "--environment=staging")

    assert code == 0
    assert world.acts == ["backup", "apply"]


def test_migrations_are_not_applied_over_what_serves(
    workspace: Workspace, released: str, world: World, capsys: Capture
) -> None:
    """Exit code 4, and the database is as it was."""
    deployments.deploy(workspace, workspace.config.environment("staging"), released, VERSION)
    world.plan = dict(PENDING)
    world.acts.clear()

    code, _, err = invoke(capsys, "migrations.apply", "--environment=staging")

    assert code == 4
    assert world.acts == []
    assert "releases.0002_drop" in err
