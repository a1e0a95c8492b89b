"""A run and a deployment by hand say how they ended; neither ends otherwise for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal, TableRunner
from tests.releases import record
from tests.unit.operations.receivers import CLOSE, Answer, Receiver, receiving
from tests.unit.pipeline.test_pipeline import COMMIT, GIT, PASSED, chain, same, written
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.backoff import Backoff
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    DeploymentUndoneError,
    GateFailedError,
    InterruptedRunError,
    TowpathError,
)
from towpath.gates import Status
from towpath.operations.notify import http_delivery as door
from towpath.operations.notify import settings
from towpath.pipeline import notifications, pipeline
from towpath.pipeline.document import StageResult
from towpath.pipeline.run import Run, Stage

pytestmark = pytest.mark.door

SENTINEL = "sentinel-x7Kq2"
EVENTS = ["undone", "failed", "recovered", "deployed", "promoted", "passed"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server of the test's own."""
    with receiving() as found:
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between tries."""
    monkeypatch.setattr(door, "BACKOFF", Backoff(first=0.0, attempts=3))


@pytest.fixture
def workspace(tmp_path: Path, receiver: Receiver) -> Workspace:
    """Return a project whose webhook wants everything."""
    target = {"kind": "webhook", "events": EVENTS, "where": "everywhere"}
    env = {
        "TOWPATH_STATE": str(tmp_path / "state"),
        "TOWPATH_NOTIFY_T_URL": receiver.url,
        "TOWPATH_NOTIFY_T_SECRET": SENTINEL,
        "USER": "ada",
    }
    found = config.parse({"name": "shop", "notify": {"t": target}}, tmp_path, env)
    settings.hide(found)
    return Workspace(found, TableRunner(GIT), QuietTerminal())


def sent(receiver: Receiver) -> dict[str, Any]:
    """Return the only message that came."""
    assert len(receiver.requests) == 1
    found: dict[str, Any] = receiver.requests[0].document
    return found


def test_a_run_that_passes(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version, branch, commit, who; the delivery is in the report."""
    chain(monkeypatch, PASSED)

    document = pipeline.pipeline(workspace, engine=same)

    message = sent(receiver)
    assert message["title"] == "Passed: 0.0.0+gccccccc on main"
    assert (message["event"], message["status"]) == ("passed", "passed")
    assert (message["project"], message["branch"]) == ("shop", "main")
    assert (message["commit"], message["who"]) == (COMMIT, "ada")
    assert message["run"] == document["run"]
    row = document["notifications"][0]
    assert (row["target"], row["event"], row["delivered"]) == ("t", "passed", True)
    assert written(workspace) == document


def test_a_gate_that_fails_is_named_with_value_and_limit(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the stage's own evidence."""

    def act(_run: Run) -> StageResult:
        record(workspace, "lint", "", issues=3)
        raise GateFailedError("lint failed: LINT.", why="issues is 3\nmore")

    monkeypatch.setattr(pipeline, "stages_up_to", lambda reach: [Stage("lint", act)])

    with pytest.raises(GateFailedError):
        pipeline.pipeline(workspace, engine=same)

    message = sent(receiver)
    assert message["title"] == "Failed: 0.0.0+gccccccc on main"
    assert (message["stage"], message["gates"]) == ("lint", ["LINT: 3 (limit <= 0)"])
    assert message["error"] == "lint failed: LINT. issues is 3"


@pytest.mark.parametrize(
    ("error", "event", "title", "status"),
    [
        (KeyboardInterrupt(), "failed", "Interrupted", "interrupted"),
        (ZeroDivisionError("a bug"), "failed", "Failed", "failed"),
        (CommandFailedError("no"), "failed", "Failed", "failed"),
        (DeploymentUndoneError("no"), "undone", "Deployment undone", "failed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_whatever_ends_a_run(
    workspace: Workspace,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    event: str,
    title: str,
    status: str,
) -> None:
    """Ctrl-C and a bug too."""
    chain(monkeypatch, PASSED, error)

    with pytest.raises(TowpathError):
        pipeline.pipeline(workspace, engine=same)

    message = sent(receiver)
    assert (message["event"], message["status"], message["stage"]) == (event, status, "s1")
    assert message["title"].startswith(f"{title}: ")


def test_ctrl_c_between_two_stages_ends_the_run(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next stage is the one that was interrupted, and somebody is notified."""
    ran = chain(monkeypatch, PASSED, PASSED)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(notifications, "went_on", interrupted)

    with pytest.raises(InterruptedRunError):
        pipeline.pipeline(workspace, engine=same)

    assert ran == ["s0"]
    assert written(workspace)["stages"]["s1"]["status"] == "errored"
    assert (sent(receiver)["status"], sent(receiver)["stage"]) == ("interrupted", "s1")


@pytest.mark.parametrize("status", [500, 404, CLOSE])
def test_a_receiver_changes_no_outcome(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A run that passed has passed; the report says what was not delivered."""
    chain(monkeypatch, PASSED)
    receiver.otherwise = Answer(status)

    document = pipeline.pipeline(workspace, engine=same)

    assert document["status"] == "passed"
    assert written(workspace)["notifications"][0]["delivered"] is False
    assert isinstance(workspace.terminal, QuietTerminal)
    assert "Not notified: t (webhook): " in workspace.terminal.said


def test_a_missing_setting_ends_a_run_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No stage runs."""
    ran = chain(monkeypatch, PASSED)
    table = {"t": {"kind": "slack", "events": ["failed"], "where": "everywhere"}}
    settings_ = config.parse({"notify": table}, tmp_path, {})
    workspace = Workspace(settings_, TableRunner(GIT), QuietTerminal())

    with pytest.raises(ConfigurationError, match="target t cannot be used"):
        pipeline.pipeline(workspace, engine=same)

    assert ran == []


def test_no_secret_is_anywhere(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in a message, nor on the terminal, in the report or in the state."""
    chain(monkeypatch, CommandFailedError(f"no {SENTINEL}", why=f"{receiver.url} said no"))

    with pytest.raises(CommandFailedError):
        pipeline.pipeline(workspace, engine=same)

    terminal = workspace.terminal
    assert isinstance(terminal, QuietTerminal)
    files = [file for file in workspace.config.root.rglob("*") if file.is_file()]
    texts = [terminal.said, terminal.written, receiver.requests[0].body.decode()]
    texts += [file.read_text() for file in files]
    assert {"pipeline-report.json", "notifications.json"} <= {file.name for file in files}
    assert [text for text in texts if "x7Kq" in text] == []


def test_what_a_run_did() -> None:
    """Its stages say which events there are, and where it was deployed."""
    settings_ = config.parse({}, Path("."), {})
    known = notifications.Notice("", "", "passed", "", version="1", branch="main")
    rows = [
        StageResult("promote-test", Status.PASSED, 1.0),
        StageResult("deploy", Status.PASSED, 1.0, {"environment": "staging"}),
        StageResult("deploy-production", Status.PASSED, 1.0, {"environment": "production"}),
    ]

    found = notifications.of_run(settings_, known, rows)

    assert found.events == {"passed", "promoted", "deployed"}
    assert (found.fingerprint, found.notice.environment) == ("", "staging, production")
    undone = StageResult("verify", Status.FAILED, 1.0, error=DeploymentUndoneError("no"))
    found = notifications.of_run(settings_, known, [*rows[:2], undone])
    assert found.events == {"promoted", "deployed", "failed", "undone"}
    assert found.fingerprint == "verify: DeploymentUndoneError: no"


def test_the_same_failure_is_known_again() -> None:
    """Whatever commit or digest its words name; another gate is another failure."""

    def of(what: str, *gates: str) -> str:
        return notifications.fingerprint("build", gates, CommandFailedError(what))

    assert of(f"sha256:{'a1' * 32} after 3 s") == of(f"sha256:{'b2' * 32} after 4 s")
    assert of("one") != of("another")
    assert of("x", "LINT: 3 (limit <= 0)") == of("y", "LINT: 4 (limit <= 0)")
    assert of("x", "LINT: 3 (limit <= 0)") != of("x", "COMPLEXITY: 3 (limit < 10)")


def test_links(tmp_path: Path) -> None:
    """To the CI run, and to a dashboard that others can reach."""
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.example.com",
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_RUN_ID": "7",
    }

    def links(url: str) -> list[str]:
        found = config.parse({"dashboard": {"url": url}}, tmp_path, env)
        return [row.url for row in notifications.links(found, "r1")]

    run = "https://github.example.com/a/b/actions/runs/7"
    assert links("https://dash.example.org/") == [run, "https://dash.example.org/runs/r1/"]
    assert links("http://127.0.0.1:8081") == [run]


@pytest.mark.parametrize(
    ("act", "title"),
    [
        (notifications.deployment("staging"), "Deployed: 1.0 in staging"),
        (notifications.deployment("staging", rollback=True), "Rolled back: 1.0 in staging"),
        (notifications.promotion("release"), "Promoted: 1.0 to release"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.event,
)
def test_an_act_by_hand(
    workspace: Workspace, receiver: Receiver, act: notifications.Act, title: str
) -> None:
    """With the version that it found."""
    with notifications.announced(workspace, act):
        act.version = "1.0"

    assert sent(receiver)["title"] == title


@pytest.mark.parametrize(
    ("error", "event", "title"),
    [
        (DeploymentUndoneError("It failed.", why="a\nb"), "undone", "Deployment undone: "),
        (CommandFailedError("It failed.", why="a\nb"), "failed", "Failed: "),
        (KeyboardInterrupt(), "failed", "Interrupted: "),
        (KeyError("x"), "failed", "Failed: "),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_an_act_by_hand_that_fails(
    workspace: Workspace, receiver: Receiver, error: BaseException, event: str, title: str
) -> None:
    """Its own error arrives."""
    with pytest.raises(type(error)):
        with notifications.announced(workspace, notifications.deployment("staging")):
            raise error

    message = sent(receiver)
    assert message["event"] == event
    assert message["title"] == f"{title}a release in staging"
    if isinstance(error, TowpathError):
        assert message["error"] == "It failed. a"


def test_the_dashboard_gets_no_deliveries(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its schema does not know them."""
    from towpath.pipeline import report

    env = {**workspace.config.env, "TOWPATH_DASHBOARD_TOKEN": "t"}
    url = f"http://127.0.0.1:{receiver.port}"
    settings_ = config.parse({"dashboard": {"url": url}}, workspace.config.root, env)
    document = {"run": "r", "notifications": [{"target": "t"}]}

    report.publish(Workspace(settings_, TableRunner(), QuietTerminal()), document)

    assert json.loads(receiver.requests[0].body) == {"run": "r"}
