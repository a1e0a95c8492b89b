"""The recipe of a deployment: its order, what undoes it, and how one that was cut is ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.state import DirectoryState
from tests.unit.deployment.world import FIRST, SECOND, World, said, site_of
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    DeploymentUndoneError,
    GateFailedError,
    InterruptedRunError,
    LockedError,
)
from towpath.deployment import deploy
from towpath.deployment import plan as rollout
from towpath.deployment import rollback_target as rollback
from towpath.environments.engine import Container
from towpath.environments.environment import Site
from towpath.environments.state.lock import Owner, locked
from towpath.evidence.journal import Journal

DROP: dict[str, Any] = {
    "kind": "RemoveField",
    "model": "book",
    "target": "note",
    "new": False,
    "options": {"managed": True, "proxy": False},
    "before": {"type": "text", "many_to_many": False},
    "after": None,
    "reversible": True,
    "constraint": "",
    "renamed": False,
    "value": False,
}


@pytest.fixture
def world() -> World:
    """Nothing runs yet."""
    return World()


@pytest.fixture
def site(world: World, tmp_path: Path) -> Site:
    """The environment in that world."""
    return site_of(world, tmp_path)


@pytest.fixture
def served(site: Site, world: World) -> Site:
    """The environment after its first deployment."""
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.acts.clear()
    return site


def test_a_first_deployment_goes_the_whole_way(site: Site, world: World) -> None:
    """With nothing before it, a release is started, proved, switched to and recorded."""
    deployed = deploy.carry_out(site, "deploy", FIRST, "1.0")

    assert (deployed.digest, deployed.previous, deployed.version) == (FIRST, "", "1.0")
    assert world.ready == ["1.0"]
    assert [row["digest"] for row in site.history.releases()] == [FIRST]
    assert {row.service for row in world.rows} == {
        *("database", "cache", "queue", "proxy", "web", "worker")
    }


def test_volumes_of_a_first_deployment_belong_to_the_products_user(
    world: World, tmp_path: Path
) -> None:
    """One that a failed deployment left may belong to root; later ones are left alone."""
    site = site_of(world, tmp_path, {"volumes": {"media": "media"}})

    deploy.carry_out(site, "deploy", FIRST, "1.0")
    deploy.carry_out(site, "deploy", SECOND, "2.0")

    given = [row for row in world.acts if row.startswith("hand over")]
    assert given == ["hand over 10001:10001 /srv/app/media"]


def test_the_new_release_gets_requests_before_the_old_is_drained(
    served: Site, world: World
) -> None:
    """The order: workers, new ready, old drained; only after the watch the old is removed."""
    deployed = deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert deployed.previous == FIRST
    assert world.acts[:3] == ["ask 1.0 worker", "web-7 ready", "web-5 drain"]
    assert world.acts[-2:] == ["remove 1.0 web", "remove 1.0 worker"]
    assert world.ready == ["2.0"]
    assert [row.version for row in world.rows if row.service == "worker"] == ["2.0"]


def test_what_serves_already_is_left_alone(served: Site, world: World) -> None:
    """Deploying the digest that serves does nothing and says so."""
    before = list(world.rows)
    deployed = deploy.carry_out(served, "deploy", FIRST, "1.0")

    assert (world.rows, world.acts) == (before, [])
    assert deployed.previous == FIRST
    assert "nothing to do" in said(served)


def test_a_release_that_does_not_get_well_is_undone(served: Site, world: World) -> None:
    """Containers that give no good answer in time are removed; they never got a request."""
    world.sick = {SECOND}
    with pytest.raises(DeploymentUndoneError, match="2.0 to staging was undone") as caught:
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert world.acts == ["remove 2.0 web"]
    assert world.ready == ["1.0"]
    assert "log of web-7" in caught.value.why
    assert [row["version"] for row in served.history.releases()] == ["1.0"]


def test_a_release_that_starts_again_and_again_is_undone(served: Site, world: World) -> None:
    """A restart during the proof ends it at once."""
    world.sick, world.restarts = {SECOND}, 2
    with pytest.raises(DeploymentUndoneError) as caught:
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert "restarted 2 times" in caught.value.why


def test_errors_under_real_requests_bring_the_old_release_back(served: Site, world: World) -> None:
    """Too many errors while it is watched: the old is let in before the new is taken out."""
    world.errors = {SECOND}
    with pytest.raises(DeploymentUndoneError) as caught:
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert "ERROR_RATE: 10 of 10" in caught.value.why
    assert world.acts[world.acts.index("web-5 ready") :] == [
        "web-5 ready",
        "web-7 drain",
        "web-7 maint",
        "stop 1.0 worker",
        "start 1.0 worker",
        "remove 2.0 worker",
        "remove 2.0 web",
    ]
    assert world.ready == ["1.0"]


def test_a_failed_first_deployment_says_that_nothing_serves(site: Site, world: World) -> None:
    """There is no old release to speak of."""
    world.sick = {FIRST}
    with pytest.raises(DeploymentUndoneError, match="no release serves"):
        deploy.carry_out(site, "deploy", FIRST, "1.0")

    assert world.ready == []


def test_a_hazard_to_what_serves_refuses_before_any_change(served: Site, world: World) -> None:
    """A dropped column is refused by its code, with nothing begun that must be undone."""
    world.plan["pending"] = [{"name": "app.0002_drop", "do": [DROP]}]
    with pytest.raises(GateFailedError, match="DROP_COLUMN"):
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert world.acts == []
    assert world.ready == ["1.0"]


def test_a_hazard_is_only_told_where_nothing_serves(site: Site, world: World) -> None:
    """The first deployment breaks nobody: the hazard is listed, the migration applied."""
    world.plan |= {"empty": True, "pending": [{"name": "app.0001", "do": [DROP]}]}
    deploy.carry_out(site, "deploy", FIRST, "1.0")

    assert "DROP_COLUMN in app.0001" in said(site)
    assert "apply" in world.acts and "backup" not in world.acts
    (row,) = site.history.migrations()
    assert (row["name"], row["safe"], row["over"]) == ("app.0001", False, "")


def test_data_is_backed_up_before_a_migration(served: Site, world: World) -> None:
    """The backup is whole, and there, before anything is applied."""
    world.plan["pending"] = [{"name": "app.0002_wider", "do": []}]
    deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert world.acts[:2] == ["backup", "apply"]
    assert len([row for row in served.state.files("backups") if row.name.endswith(".dump")]) == 1


def test_a_migration_that_fails_undoes_the_deployment(served: Site, world: World) -> None:
    """What the engine said is the reason."""
    world.broken = "run"
    with pytest.raises(DeploymentUndoneError) as caught:
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert "it broke" in caught.value.why
    assert world.ready == ["1.0"]


def test_rollback_brings_the_release_before(served: Site, world: World) -> None:
    """The release before comes back on the same way; going back again has nowhere to go."""
    deploy.carry_out(served, "deploy", SECOND, "2.0")
    target = rollback.rollback_target(served.history.releases())
    assert target is not None
    deploy.carry_out(served, "rollback", target["digest"], target["version"])

    assert world.ready == ["1.0"]
    assert rollback.rollback_target(served.history.releases()) is None


def test_a_rollback_past_the_schema_is_refused(served: Site, world: World) -> None:
    """A release that does not have an applied migration, which was not safe for it, stays away."""
    deploy.carry_out(served, "deploy", SECOND, "2.0")
    world.plan["unknown"] = ["app.0002_drop"]
    with pytest.raises(GateFailedError, match="is too new for 1.0: app.0002_drop"):
        deploy.carry_out(served, "rollback", FIRST, "1.0")

    assert world.ready == ["2.0"]


class Cut(BaseException):
    """The process ends here: nothing of ours runs any more."""


class CuttingJournal(Journal):
    """Ends the process, so to speak, at one entry of one deployment."""

    fatal: tuple[str, str] = ("", "")

    def add(self, step: str, phase: str, **facts: Any) -> None:
        """Write, and end."""
        if (step, phase) == self.fatal and phase == "done":
            raise Cut
        super().add(step, phase, **facts)
        if (step, phase) == self.fatal:
            raise Cut


@pytest.mark.parametrize("phase", ["begin", "done"])
@pytest.mark.parametrize("step", [step.name for step in rollout.STEPS])
def test_whatever_is_cut_is_ended_by_the_next(
    step: str, phase: str, served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut anywhere, one release serves, and the next deployment finds and leaves a clean place."""
    monkeypatch.setattr(CuttingJournal, "fatal", (step, phase))
    monkeypatch.setattr(
        Site, "journal", property(lambda self: CuttingJournal(self.state, "journal.jsonl"))
    )
    with pytest.raises(Cut):
        deploy.carry_out(served, "deploy", SECOND, "2.0")
    monkeypatch.undo()
    assert world.ready, "somebody serves while nobody deploys"

    recorded = served.history.releases()[-1]["version"] == "2.0"
    deploy.carry_out(served, "deploy", SECOND if recorded else FIRST, "whatever serves")

    kept = "2.0" if recorded else "1.0"
    assert set(world.ready) == {kept}
    assert {row.version for row in world.rows if row.service in ("web", "worker")} == {kept}
    assert ("Finishing" if recorded else "Undoing") in said(served)
    assert deploy.recover(served) is None


def test_a_migration_that_a_killed_deployment_left_is_ended(
    served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only that of the deployment that is undone: what somebody else runs stays."""
    monkeypatch.setattr(CuttingJournal, "fatal", ("migrate", "begin"))
    monkeypatch.setattr(
        Site, "journal", property(lambda self: CuttingJournal(self.state, "journal.jsonl"))
    )
    with pytest.raises(Cut):
        deploy.carry_out(served, "deploy", SECOND, "2.0")
    monkeypatch.undo()
    (entry,) = [row for row in served.journal.read() if row.get("digest") == SECOND]
    world.left = [
        Container("m1", "box-migrate-run-1", "migrate", True, deployment=entry["deployment"]),
        Container("m2", "box-migrate-run-2", "migrate", True, deployment="another"),
    ]
    world.rows += world.left

    deploy.carry_out(served, "deploy", FIRST, "1.0")

    assert [row.id for row in world.rows if row.service == "migrate"] == ["m2"]


def test_an_undo_that_fails_is_left_to_the_next_call(
    served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal stays open, and the message says who will end it."""
    world.errors = {SECOND}
    with monkeypatch.context() as patched:

        def refuse(*_: object) -> None:
            raise CommandFailedError("the engine is gone")

        patched.setattr(world, "remove", refuse)
        with pytest.raises(CommandFailedError, match="Undoing the deployment failed") as caught:
            deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert "Run `invoke deploy" in caught.value.next_step
    assert deploy.recover(served) is not None
    assert world.ready == ["1.0"]


def test_an_interrupt_undoes_and_is_told(
    served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the release is watched: exit 130, and the old release alone."""

    def interrupt(_self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deploy.Deployment, "watch", interrupt)
    with pytest.raises(InterruptedRunError, match="was undone"):
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert world.ready == ["1.0"]


def test_a_locked_environment_is_not_touched(served: Site, world: World) -> None:
    """Whoever comes second goes."""
    with (
        locked(DirectoryState(served.state.directory), "staging", Owner("now"), lambda _: None),
        pytest.raises(LockedError),
    ):
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert world.acts == []


def test_an_environment_without_a_port_takes_no_release(world: World, tmp_path: Path) -> None:
    """Nobody could reach what is deployed there."""
    with pytest.raises(ConfigurationError, match="no port configured"):
        deploy.carry_out(site_of(world, tmp_path, port=0), "deploy", FIRST, "1.0")


def test_too_many_replicas_for_the_proxy_are_refused(world: World, tmp_path: Path) -> None:
    """Old and new together must fit."""
    with pytest.raises(ConfigurationError, match="Too many replicas in staging: 5"):
        deploy.carry_out(site_of(world, tmp_path, replicas=5), "deploy", FIRST, "1.0")


def test_every_replica_is_started_and_served(world: World, tmp_path: Path) -> None:
    """As many as the settings want, before and after a change of release."""
    site = site_of(world, tmp_path, replicas=3)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    deploy.carry_out(site, "deploy", SECOND, "2.0")

    assert world.ready == ["2.0"] * 3


def test_a_proxy_that_lost_its_memory_gets_the_recorded_release_back(
    served: Site, world: World
) -> None:
    """Containers of the last release are admitted again, not removed."""
    for slot in world.slots:
        slot.host, slot.state = "localhost", "maint"
    deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert world.acts[0] == "web-5 ready"
    assert world.ready == ["2.0"]


def test_a_stray_container_is_removed_before_a_deployment(served: Site, world: World) -> None:
    """What gets no request and belongs to no release does not stay."""
    env = {"RELEASE_DIGEST": SECOND, "TOWPATH_VERSION": "stray", "TOWPATH_DEPLOYMENT": "x"}
    world._add("web", env | {"TOWPATH_IMAGE": "i"})
    deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert "remove stray web" in world.acts
    assert world.ready == ["2.0"]


def test_a_deployment_that_was_recorded_is_not_undone(
    served: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If only the stopping fails, the new release serves, and the next call stops the rest."""
    with monkeypatch.context() as patched:

        def fail(_self: object) -> None:
            raise CommandFailedError("no")

        patched.setattr(deploy.Deployment, "stop", fail)
        with pytest.raises(CommandFailedError, match="2.0 serves"):
            deploy.carry_out(served, "deploy", SECOND, "2.0")

    deploy.carry_out(served, "deploy", SECOND, "2.0")
    assert {row.version for row in world.rows if row.service == "web"} == {"2.0"}
