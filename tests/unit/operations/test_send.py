"""Who gets which event, once; what is remembered; and that nothing of it can end a run."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal, TableRunner
from tests.unit.operations.receivers import Answer, Receiver, receiving
from tests.unit.operations.test_messages import AT, BAD, GOOD
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.backoff import Backoff
from towpath.core.errors import ConfigurationError
from towpath.operations import notify_probes
from towpath.operations.health_rules import Level
from towpath.operations.notify import by_hand
from towpath.operations.notify import http_delivery as door
from towpath.operations.notify import memory, send, settings, slack_bot
from towpath.operations.notify.notice import FAILED, PASSED, Notice
from towpath.operations.notify.progress import Progress
from towpath.operations.notify.send import Happened
from towpath.operations.probes import run_probes

pytestmark = pytest.mark.door

SENTINEL = "sentinel-x7Kq2"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server of the test's own."""
    with receiving() as found:
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between tries."""
    monkeypatch.setattr(door, "BACKOFF", Backoff(first=0.0, attempts=3))


def project(tmp_path: Path, receiver: Receiver, *events: str, **table: Any) -> Workspace:
    """Return a workspace with one signed webhook that wants these events."""
    target = {"kind": "webhook", "events": list(events), "where": "everywhere"}
    env = {
        "TOWPATH_STATE": str(tmp_path / "state"),
        "TOWPATH_NOTIFY_T_URL": receiver.url,
        "TOWPATH_NOTIFY_T_SECRET": SENTINEL,
    }
    found = config.parse({"notify": {"t": target}, **table}, tmp_path, env)
    settings.hide(found)
    return Workspace(found, TableRunner(), QuietTerminal())


def ran(
    workspace: Workspace, *events: str, fingerprint: str = "", subject: str = "main"
) -> list[bool]:
    """Announce a run; return whether each message was delivered."""
    message = Notice("", "", FAILED if fingerprint else PASSED, AT, branch=subject)
    happened = Happened(subject, frozenset(events), message, f"1.0 on {subject}", fingerprint)
    return [row.delivered for row in send.announce(workspace, happened)]


def titles(receiver: Receiver) -> list[str]:
    """Return the titles that came."""
    return [str(row.document["title"]) for row in receiver.requests]


def said(workspace: Workspace) -> str:
    """Return what was told."""
    assert isinstance(workspace.terminal, QuietTerminal)
    return workspace.terminal.said


def test_one_message_for_a_run(tmp_path: Path, receiver: Receiver) -> None:
    """With the most important event that is wanted; none where none is."""
    workspace = project(tmp_path, receiver, "passed", "deployed")

    assert ran(workspace, "passed", "promoted", "deployed") == [True]
    assert ran(workspace, "passed") == [True]
    assert ran(workspace, "failed", fingerprint="x") == []
    assert titles(receiver) == ["Deployed: 1.0 on main", "Passed: 1.0 on main"]


def test_the_same_failure_is_sent_once_and_its_end_too(tmp_path: Path, receiver: Receiver) -> None:
    """Another failure, or another branch, is another message."""
    workspace = project(tmp_path, receiver, "failed", "recovered")

    for kind in ("tests", "tests", "lint", "lint"):
        ran(workspace, "failed", fingerprint=kind)
    ran(workspace, "failed", fingerprint="lint", subject="other")
    for _ in range(2):
        ran(workspace, "passed")
    ran(workspace, "failed", fingerprint="lint")

    assert titles(receiver) == [
        "Failed: 1.0 on main",
        "Failed: 1.0 on main",
        "Failed: 1.0 on other",
        "Recovered: 1.0 on main",
        "Failed: 1.0 on main",
    ]


def test_what_did_not_arrive_is_sent_again(tmp_path: Path, receiver: Receiver) -> None:
    """The same failure of the next run is news to that target."""
    workspace = project(tmp_path, receiver, "failed")
    receiver.answers = [Answer(404)]

    assert ran(workspace, "failed", fingerprint="x") == [False]
    assert ran(workspace, "failed", fingerprint="x") == [True]
    assert ran(workspace, "failed", fingerprint="x") == []
    assert "Not notified: t (webhook): answered 404: ok" in said(workspace)
    assert "Notified: t." in said(workspace)


def test_a_target_for_branches_gets_nothing_elsewhere(tmp_path: Path, receiver: Receiver) -> None:
    """On a person's machine and in a pull request it needs no settings either."""
    table = {"t": {"kind": "slack", "events": ["failed"]}}

    def active(**env: str) -> list[str]:
        found = config.parse({"notify": table}, tmp_path, env)
        return [row.name for row in settings.active(found)]

    assert active() == []
    assert active(CI="true") == []
    assert active(GITHUB_ACTIONS="true", GITHUB_REF="refs/heads/main") == ["t"]
    assert active(GITHUB_ACTIONS="true", GITHUB_REF="refs/tags/v1") == ["t"]
    assert active(GITHUB_ACTIONS="true", GITHUB_REF="refs/pull/1/merge") == []


def test_a_state_that_cannot_be_written_stops_no_message(
    tmp_path: Path, receiver: Receiver
) -> None:
    """A full disk is when messages matter."""
    workspace = project(tmp_path, receiver, "failed")
    (tmp_path / "state").write_text("in the way")

    assert ran(workspace, "failed", fingerprint="x") == [True]
    assert "What was notified is not remembered" in said(workspace)


def test_a_bug_is_a_warning(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its text, which may have an address in it; Ctrl-C ends the sending only."""

    workspace = project(tmp_path, receiver, "failed")
    for error in (ValueError(receiver.url), KeyboardInterrupt()):

        def broken(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(send, "deliver", broken)

        assert ran(workspace, "failed", fingerprint="x") == []
        name = type(error).__name__
        assert f"Notifications were not sent: {name}\n" in said(workspace)


def test_a_broken_memory_is_an_empty_one(tmp_path: Path, receiver: Receiver) -> None:
    """Whoever wrote it."""
    workspace = project(tmp_path, receiver, "failed")
    ran(workspace, "failed", fingerprint="x")
    file = workspace.config.state / memory.FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert "x7Kq" not in file.read_text()
    for text in ("[]", "{", '{"failed": 3}', '{"sent": {"t": 3}}', '{"deliveries": {"t": 3}}'):
        file.write_text(text)
        assert memory.read_memory(workspace.config) == memory.Memory()


def test_waivers_that_end_soon_are_sent_once(tmp_path: Path, receiver: Receiver) -> None:
    """Each of them; a new one is a new message."""
    soon = dt.date.today() + dt.timedelta(days=3)
    row = {"id": "LINT", "reason": "why", "expires": soon}
    workspace = project(tmp_path, receiver, "waiver-expires", waivers=[row])
    more = {"id": "COVERAGE", "reason": "too", "expires": soon}
    other = project(tmp_path, receiver, "waiver-expires", waivers=[row, more])

    assert len(send.announce_waivers(workspace)) == 1
    assert send.announce_waivers(workspace) == []
    send.announce_waivers(other)

    assert [found.document["lines"] for found in receiver.requests] == [
        [f"LINT until {soon}: why"],
        [f"COVERAGE until {soon}: too"],
    ]
    assert send.announce_waivers(project(tmp_path, receiver, "failed", waivers=[row])) == []


def test_by_hand(tmp_path: Path, receiver: Receiver) -> None:
    """Whatever events a target is for; the table shows how it ended."""
    workspace = project(tmp_path, receiver, "failed")
    assert isinstance(workspace.terminal, QuietTerminal)

    by_hand.send_message(workspace, "Deployments pause.")
    by_hand.send_message(workspace, "", ["t"])
    by_hand.show(workspace)

    assert titles(receiver) == ["Deployments pause.", by_hand.TEST]
    assert [row.document["event"] for row in receiver.requests] == ["message", "test"]
    assert "test: delivered" in " ".join(workspace.terminal.written.split())
    with pytest.raises(ConfigurationError, match="Did you mean 't'"):
        by_hand.send_message(workspace, "", ["tt"])


def test_a_long_message_is_no_title(tmp_path: Path, receiver: Receiver) -> None:
    """A title is cut by some channels, a text is not."""
    workspace = project(tmp_path, receiver, "failed")

    by_hand.send_message(workspace, f"{'x' * 200}\nsecond")

    message = receiver.requests[0].document
    assert message["title"] == "Message from app"
    assert message["lines"] == ["x" * 200, "second"]


def test_nothing_is_configured(tmp_path: Path) -> None:
    """Says where to configure it."""
    workspace = Workspace(config.parse({}, tmp_path, {}), TableRunner(), QuietTerminal())

    with pytest.raises(ConfigurationError, match="No notification target is configured"):
        by_hand.send_message(workspace, "")


def bot(tmp_path: Path, receiver: Receiver, *events: str) -> Workspace:
    """Return a workspace with Slack's bot."""
    target = {"kind": "slack-bot", "events": list(events), "where": "everywhere", "channel": "#c"}
    env = {"TOWPATH_STATE": str(tmp_path / "state"), "TOWPATH_NOTIFY_T_TOKEN": "xoxb-x7Kq5"}
    found = config.parse({"notify": {"t": target}}, tmp_path, env)
    settings.hide(found)
    receiver.otherwise = Answer(body=b'{"ok": true, "ts": "17.1", "channel": "C9"}')
    return Workspace(found, TableRunner(), QuietTerminal())


@pytest.fixture
def slack(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """Stand for Slack."""
    monkeypatch.setattr(slack_bot, "API", f"http://127.0.0.1:{receiver.port}/api/")
    return receiver


def test_one_message_that_changes_while_a_run_goes_on(tmp_path: Path, slack: Receiver) -> None:
    """And at its end, also where the same failure is no message of its own."""
    workspace = bot(tmp_path, slack, "passed", "failed")
    progress = Progress(workspace, GOOD)

    progress.show("Running: 1.0 on main")
    progress.show("Running: 1.0 on main", ["✓ lint 1.0 s"])
    happened = Happened("main", frozenset({"failed"}), BAD, "1.0 on main", "x")
    send.announce(workspace, happened, progress.posted)
    send.announce(workspace, happened, progress.posted)

    calls = [row.path.rpartition("/")[2] for row in slack.requests]
    post, update = "chat.postMessage", "chat.update"
    assert calls == [post, update, update, post, update, post]
    assert "✓ lint 1.0 s" in json.dumps(slack.requests[1].document, ensure_ascii=False)
    assert {row.document["ts"] for row in slack.requests if row.path.endswith("update")} == {"17.1"}


def test_a_channel_that_fails_is_left_alone_until_the_end(tmp_path: Path, slack: Receiver) -> None:
    """No stage waits for it again."""
    workspace = bot(tmp_path, slack, "passed")
    progress = Progress(workspace, GOOD)
    slack.otherwise = Answer(body=b'{"ok": false, "error": "invalid_auth"}')

    for _ in range(3):
        progress.show("Running: 1.0 on main")

    assert len(slack.requests) == 1
    assert progress.posted == {}


def test_a_bot_that_does_not_want_every_run_posts_at_the_end_only(
    tmp_path: Path, slack: Receiver
) -> None:
    """A failure is known when it is there."""
    progress = Progress(bot(tmp_path, slack, "failed"), GOOD)

    progress.show("Running: 1.0 on main")

    assert slack.requests == []


def test_health_of_targets(tmp_path: Path, receiver: Receiver) -> None:
    """Set up, used here, and how the last message ended."""
    workspace = project(tmp_path, receiver, "failed")

    def check(found: Workspace) -> tuple[Level, str]:
        row = run_probes(notify_probes.probes(found.config))[0]
        assert row.subject == "notifications t"
        return row.level, row.message

    assert check(workspace) == (Level.OK, "webhook, last delivery: none yet")
    receiver.answers = [Answer(404, body=b"")]
    ran(workspace, "failed", fingerprint="x")
    level, words = check(workspace)
    assert (level, words.partition("Z ")[2]) == (
        Level.WARNING,
        "failed: not delivered: answered 404",
    )
    ran(workspace, "failed", fingerprint="x")
    assert check(workspace)[0] == Level.OK
    bare = {"t": {"kind": "slack", "events": ["failed"]}}
    for where, level in (("everywhere", Level.ERROR), ("branches", Level.OK)):
        table = {"notify": {"t": {**bare["t"], "where": where}}}
        other = Workspace(config.parse(table, tmp_path, {}), TableRunner(), QuietTerminal())
        assert check(other)[0] == level
