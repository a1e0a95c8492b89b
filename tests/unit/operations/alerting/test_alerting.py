"""Starting and stopping monitoring beside an environment, against a small engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.deployment.world import World, site_of
from towpath.config.monitoring import Monitoring
from towpath.config.notify import NotifyTarget
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.core.redaction import SECRETS
from towpath.engine.layout import layout
from towpath.environments import monitoring_project
from towpath.environments import services as stack
from towpath.environments.environment import Site
from towpath.environments.monitoring_project import MonitoringSite
from towpath.operations.alerting import alerting

ADDRESS = "https://hooks.example.org/services/T0/B0/a-key-to-the-channel"


class Beside(World):
    """An engine that remembers the variables of the last start."""

    asked: dict[str, str]

    def _compose_up(self, words: list[str], env: Mapping[str, str]) -> str:
        self.asked = dict(env)
        return super()._compose_up(words, env)


@pytest.fixture
def world() -> Beside:
    """An engine without an embedded registry: images are pulled."""
    return Beside()


def place(world: World, root: Path, **env: str) -> Site:
    """Return an environment whose project has the file of the monitoring."""
    site = site_of(world, root)
    (root / monitoring_project.FILE).touch()
    config = replace(site.workspace.config, env={**site.workspace.config.env, **env})
    world.env = dict(config.env)
    return replace(site, workspace=replace(site.workspace, config=config))


def running(world: World, site: Site) -> Site:
    """Start the proxy, so that there is something to monitor."""
    stack.up(site, ("proxy",))
    return site


def test_monitoring_starts_beside_what_runs(world: Beside, tmp_path: Path) -> None:
    """In the environment's network, with its own state; each page's address is returned."""
    site = running(world, place(world, tmp_path))

    assert alerting.start(site) == {
        "prometheus": "http://127.0.0.1:32768",
        "alertmanager": "http://127.0.0.1:32768",
    }
    assert {row.service for row in world.rows} == {"proxy", *alerting.SERVICES}
    assert world.files == ["--file=compose/monitoring.yaml"]
    assert world.asked["TOWPATH_EDGE"] == "box-staging_edge"
    assert world.asked["TOWPATH_REPORTS"] == str(tmp_path / "reports")
    assert (tmp_path / "reports").is_dir()


def test_nothing_is_monitored_where_nothing_runs(world: Beside, tmp_path: Path) -> None:
    """Its network is not there."""
    with pytest.raises(CommandFailedError, match="Nothing is running in staging") as caught:
        alerting.start(place(world, tmp_path))

    assert caught.value.next_step == "invoke deploy --environment=staging"
    assert world.rows == []


def test_the_address_of_the_webhook_is_in_one_file(world: Beside, tmp_path: Path) -> None:
    """And hidden wherever something is shown."""
    site = running(world, place(world, tmp_path, TOWPATH_MONITORING_WEBHOOK=ADDRESS))
    alerting.start(site)
    files = monitoring_project.beside(site).files
    holding = [row.name for row in files.rglob("*") if row.is_file() and ADDRESS in row.read_text()]

    assert holding == ["webhook"]
    assert "webhook_configs" in json.loads((files / "alertmanager.yml").read_text())["receivers"][0]
    assert ADDRESS not in SECRETS.text(f"sent to {ADDRESS}")
    assert ADDRESS not in str(world.asked)
    assert "TOWPATH_MONITORING_WEBHOOK" in alerting.receiver(site)
    assert ADDRESS not in alerting.receiver(site)


def test_alerts_go_to_targets_of_notifications(world: Beside, tmp_path: Path) -> None:
    """With the secrets that these have; one that is not used any more is removed."""
    site = running(world, place(world, tmp_path, TOWPATH_NOTIFY_TEAM_URL=ADDRESS))
    team = NotifyTarget("team", "slack", ("failed",), variables={"url": "TOWPATH_NOTIFY_TEAM_URL"})
    config = replace(
        site.workspace.config, notify={"team": team}, monitoring=Monitoring(notify=("team",))
    )
    both = replace(site, workspace=replace(site.workspace, config=config))
    alerting.start(both)
    files = monitoring_project.beside(site).files
    found = json.loads((files / "alertmanager.yml").read_text())["receivers"][0]

    assert found["slack_configs"][0]["api_url_file"] == "/run/secrets/alerts/team.url"
    assert (files / "secrets/team.url").read_text() == ADDRESS
    assert "the notification target team" in alerting.receiver(both)
    alerting.start(site)
    assert list((files / "secrets").iterdir()) == []


def test_a_target_without_its_secret_ends_the_start(world: Beside, tmp_path: Path) -> None:
    """As it ends a run at its beginning."""
    site = running(world, place(world, tmp_path))
    team = NotifyTarget("team", "slack", ("failed",), variables={"url": "TOWPATH_NOTIFY_TEAM_URL"})
    config = replace(
        site.workspace.config, notify={"team": team}, monitoring=Monitoring(notify=("team",))
    )
    with pytest.raises(ConfigurationError, match="target team cannot be used"):
        alerting.start(replace(site, workspace=replace(site.workspace, config=config)))


def test_files_are_read_by_another_user_below_a_closed_directory(
    world: Beside, tmp_path: Path
) -> None:
    """The containers' users are not ours."""
    site = running(world, place(world, tmp_path))
    alerting.start(site)
    files = monitoring_project.beside(site).files

    assert files.stat().st_mode & 0o777 == 0o700
    assert {row.stat().st_mode & 0o777 for row in files.rglob("*") if row.is_file()} == {0o444}
    assert {row.stat().st_mode & 0o777 for row in files.rglob("*") if row.is_dir()} == {0o755}


def test_the_password_of_grafana_stays(world: Beside, tmp_path: Path) -> None:
    """Its database knows the first one."""
    site = running(world, place(world, tmp_path))
    alerting.start(site)
    password = (monitoring_project.beside(site).files / "grafana").read_text()
    found = alerting.start(site, grafana=True)

    assert (monitoring_project.beside(site).files / "grafana").read_text() == password
    assert "grafana" in found
    assert password not in SECRETS.text(f"the password is {password}")


def test_the_embedded_engine_has_no_grafana(world: Beside, tmp_path: Path) -> None:
    """Before anything starts."""
    own = layout({}).host
    site = running(world, place(world, tmp_path, DOCKER_HOST=own))
    with pytest.raises(ConfigurationError, match="no image of Grafana"):
        alerting.start(site, grafana=True)

    assert {row.service for row in world.rows} == {"proxy"}


def test_what_is_no_address_is_refused_before_anything_starts(
    world: Beside, tmp_path: Path
) -> None:
    """Alertmanager would say so in its log only."""
    site = place(world, tmp_path, TOWPATH_MONITORING_WEBHOOK="hooks.example.org")
    with pytest.raises(ConfigurationError, match="must be an http:// or https:// address"):
        alerting.start(site)

    assert world.rows == []


def test_without_a_receiver_that_is_said(world: Beside, tmp_path: Path) -> None:
    """With the variable that would have one."""
    assert "TOWPATH_MONITORING_WEBHOOK is not set" in alerting.receiver(place(world, tmp_path))


def test_a_container_that_does_not_get_healthy_is_named(world: Beside, tmp_path: Path) -> None:
    """With its log, and what to do."""
    site = running(world, place(world, tmp_path))
    alerting.start(site)
    world.change("alertmanager", health="starting")
    with pytest.raises(CommandFailedError, match="did not start: alertmanager") as caught:
        alerting.start(site)

    assert "log of alertmanager" in caught.value.why
    assert "monitoring.start" in caught.value.next_step


def test_without_the_file_that_is_said(world: Beside, tmp_path: Path) -> None:
    """A project of earlier has none."""
    site = running(world, place(world, tmp_path))
    (tmp_path / monitoring_project.FILE).unlink()
    with pytest.raises(ConfigurationError, match="compose/monitoring.yaml does not exist"):
        alerting.start(site)


def test_another_setting_starts_other_containers(world: Beside, tmp_path: Path) -> None:
    """A file that is replaced is not seen in a container that runs."""
    site = place(world, tmp_path)
    beside = monitoring_project.beside(site)
    before = monitoring_project.variables(beside)["TOWPATH_MONITORING_CONFIG"]
    (tmp_path / monitoring_project.FILES).mkdir()
    (tmp_path / monitoring_project.FILES / "alerts.yml").write_text("groups: []\n")

    assert monitoring_project.variables(beside)["TOWPATH_MONITORING_CONFIG"] != before


def test_stopping_says_whether_there_was_any(world: Beside, tmp_path: Path) -> None:
    """Without containers no command runs."""
    site = place(world, tmp_path)
    assert not alerting.stop(site)
    assert world.acts == []
    running(world, site)

    assert alerting.stop(site, volumes=True)
    assert world.acts[-1] == "down --remove-orphans --volumes"
    assert world.files == ["--file=compose/monitoring.yaml"]


def test_monitoring_is_a_project_of_its_own(tmp_path: Path, world: Beside) -> None:
    """With the state of the environment."""
    site = place(world, tmp_path)
    beside = monitoring_project.beside(site)

    assert isinstance(beside, MonitoringSite)
    assert beside.project_name == "box-staging-monitoring"
    assert beside.state == site.state
