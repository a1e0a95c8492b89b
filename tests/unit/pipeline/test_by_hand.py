"""An act by hand is reported like a run, and its badge says what serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fakes import TableRunner
from tests.registry_server import Fault, Store, push_image
from tests.releases import SOURCE, labels, workspace_at
from tests.unit.pipeline.test_badges import said
from tests.unit.pipeline.test_document import SCHEMA
from tests.unit.pipeline.test_report import Dashboard, dashboard
from towpath.config import Dashboard as DashboardSettings
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, DeploymentUndoneError, GateFailedError
from towpath.gates import Status
from towpath.operations.notify.send import Happened
from towpath.pipeline import by_hand, notifications
from towpath.pipeline.document import StageResult

pytestmark = pytest.mark.door
VERSION = SOURCE.version


@pytest.fixture
def receiver() -> Iterator[Dashboard]:
    """A dashboard that takes every report."""
    with dashboard() as found:
        yield found


@pytest.fixture
def workspace(tmp_path: Path, store: Store, receiver: Dashboard) -> Workspace:
    """A project on GitHub that reports to the dashboard."""
    runner = TableRunner({"remote": "https://github.com/team/shop.git\n"})
    found = workspace_at(tmp_path, store, runner, TOWPATH_DASHBOARD_TOKEN="t")
    place = DashboardSettings(url=receiver.url)
    return replace(found, config=replace(found.config, dashboard=place))


@pytest.fixture
def digest(store: Store) -> str:
    """The digest of a release in the registry."""
    return push_image(store.client(), labels(), tag="test").digest


def reported(receiver: Dashboard) -> dict[str, Any]:
    """Return the only report that arrived, which fits the dashboard's schema."""
    ((path, _, document),) = receiver.told
    assert path == "/api/runs/"
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return dict(document)


def badge(workspace: Workspace, environment: str) -> str:
    """Return what a badge says."""
    file = workspace.config.reports / "badges" / f"version-{environment}.svg"
    return said(file.read_text())[0]


def test_a_deployment_is_a_run_of_its_own(
    workspace: Workspace, receiver: Dashboard, digest: str
) -> None:
    """With its stages, its commit's link, and the badge of what serves now."""
    act = notifications.deployment("staging")
    known = {"environment": "staging", "digest": digest}
    with by_hand.recorded(workspace, act) as record:
        record.release(digest, VERSION)
        with record.stage("deploy", **known) as fields:
            fields["previous"] = None
        with record.stage("verify", **known, version=VERSION):
            pass

    document = reported(receiver)
    assert (document["status"], document["branch"]) == ("passed", "by hand")
    assert (document["commit"], document["version"]) == (SOURCE.commit, VERSION)
    assert document["links"] == {"commit": f"https://github.com/team/shop/commit/{SOURCE.commit}"}
    assert list(document["stages"]) == ["deploy", "verify"]
    assert document["stages"]["deploy"]["digest"] == digest
    assert badge(workspace, "staging") == f"staging: {VERSION}"
    known_links = notifications.of_act(workspace.config, act, None, document["links"]["commit"])
    assert [row.label for row in known_links.notice.links] == ["Commit"]


def test_a_rollback_says_that_it_is_one(
    workspace: Workspace, receiver: Dashboard, digest: str
) -> None:
    """So that the dashboard does not take it for a new release."""
    act = notifications.deployment("production", rollback=True)
    with by_hand.recorded(workspace, act) as record:
        with record.stage("deploy-production", environment="production", rollback=True) as fields:
            fields |= {"digest": digest, "previous": None}
        record.release(digest, VERSION)

    assert reported(receiver)["stages"]["deploy-production"]["rollback"] is True
    assert badge(workspace, "production") == f"production: {VERSION}"


@pytest.mark.parametrize(
    ("error", "status"),
    [(GateFailedError("no", why="it is wrong"), "failed"), (CommandFailedError("gone"), "errored")],
    ids=["gate", "command"],
)
def test_what_serves_although_it_was_not_verified(
    workspace: Workspace, receiver: Dashboard, digest: str, error: Exception, status: str
) -> None:
    """The deployment passed, and its verification says why it did not; the error goes on."""
    known = {"environment": "staging", "digest": digest}
    with pytest.raises(type(error)):
        with by_hand.recorded(workspace, notifications.deployment("staging")) as record:
            record.release(digest, VERSION)
            with record.stage("deploy", **known):
                pass
            with record.stage("verify", **known, version=VERSION):
                raise error

    document = reported(receiver)
    assert (document["status"], document["stages"]["deploy"]["status"]) == (status, "passed")
    assert document["stages"]["verify"]["reason"].startswith(str(error.args[0]))
    assert badge(workspace, "staging") == f"staging: {VERSION}"


def test_an_undone_deployment_leaves_the_badge(
    workspace: Workspace, receiver: Dashboard, digest: str
) -> None:
    """What served before serves on."""
    with pytest.raises(DeploymentUndoneError):
        with by_hand.recorded(workspace, notifications.deployment("staging")) as record:
            record.release(digest, VERSION)
            with record.stage("deploy", environment="staging", digest=digest):
                raise DeploymentUndoneError("never healthy")

    assert reported(receiver)["status"] == "failed"
    assert not (workspace.config.reports / "badges").exists()


def test_what_nobody_knows_is_not_reported(workspace: Workspace, receiver: Dashboard) -> None:
    """An act that ended before it found a release has no run to show."""
    with pytest.raises(CommandFailedError):
        with by_hand.recorded(workspace, notifications.deployment("staging")):
            raise CommandFailedError("no such tag")

    assert receiver.told == []


def test_a_registry_that_does_not_answer_costs_the_report_only(
    workspace: Workspace, receiver: Dashboard, digest: str, store: Store
) -> None:
    """A rollback at night goes on; its badge is written."""
    store.faults += [Fault("/manifests/", 403)] * 20
    with by_hand.recorded(workspace, notifications.deployment("staging")) as record:
        with record.stage("deploy", environment="staging", digest=digest, rollback=True):
            pass
        record.release(digest, VERSION)

    assert receiver.told == []
    assert badge(workspace, "staging") == f"staging: {VERSION}"


def test_what_waits_for_a_person_has_its_command(tmp_path: Path, store: Store) -> None:
    """A run of CI that may only go to test, and a promotion by hand; a laptop waits for nobody."""
    promoted = StageResult("promote-test", Status.PASSED, 1, {"digest": "sha256:a"})
    released = StageResult("promote-release", Status.PASSED, 1, {"digest": "sha256:a"})

    def of_run(*rows: StageResult, **env: str) -> Happened:
        config = workspace_at(tmp_path, store, **env).config
        return notifications.of_run(config, notifications.of_source(config, SOURCE, "r"), rows)

    ci = {"CI": "true", "TOWPATH_BRANCH": "main"}
    waiting = of_run(promoted, **ci)
    assert "waiting" in waiting.events
    message = waiting.titled("waiting")
    assert message.title.startswith("Waiting for approval: ")
    command = "To go on: in CI, invoke promote-release --digest=sha256:a"
    assert message.lines == (command,)
    # Whoever gets another event of the same run gets the command with it.
    assert waiting.titled("passed").lines == (command,)
    assert "waiting" not in of_run(promoted, released, **ci).events
    assert "waiting" not in of_run(promoted).events


@pytest.mark.parametrize(
    ("act", "tags", "command"),
    [
        (notifications.promotion("test"), ("test",), "invoke deploy --environment=staging"),
        (notifications.promotion("release"), (), "invoke deploy --environment=production"),
        (notifications.deployment("staging"), ("test",), "in CI, invoke promote-release"),
        (notifications.deployment("staging"), ("test", "release"), ""),
        (notifications.deployment("staging"), (), ""),
        (notifications.deployment("production"), ("test", "release"), ""),
        (notifications.deployment("staging", rollback=True), ("test",), ""),
    ],
    ids=str,
)
def test_what_an_act_by_hand_leaves_to_a_person(
    workspace: Workspace, store: Store, act: notifications.Act, tags: tuple[str, ...], command: str
) -> None:
    """A promoted release waits for its deployment, one that staging runs for its approval."""
    digest = push_image(store.client(), labels(), tag="built").digest
    for tag in tags:
        push_image(store.client(), labels(), tag=tag)
    act = replace(act)

    by_hand.Record(workspace, act).release(digest, VERSION)

    assert act.waits == (f"{command} --digest={digest}" if command else "")
    found = notifications.of_act(workspace.config, act)
    assert ("waiting" in found.events) == bool(command)
    if command:
        assert found.titled("waiting").lines == (f"To go on: {act.waits}",)
