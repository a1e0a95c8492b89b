"""Secrets planted in every text of a message and in every setting: no channel passes one on."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from email import message_from_string
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.fakes import QuietTerminal, TableRunner
from tests.unit.operations.receivers import Answer, MailServer, Receiver, mailing, receiving
from tests.unit.operations.test_messages import AT, parts
from towpath import config
from towpath.config.notify import EVENTS, KINDS
from towpath.config.workspace import Workspace
from towpath.core.backoff import Backoff
from towpath.operations.notify import http_delivery as door
from towpath.operations.notify import send, settings, slack_bot
from towpath.operations.notify.notice import FAILED, Link, Notice
from towpath.operations.notify.progress import Progress
from towpath.operations.notify.send import Happened

pytestmark = pytest.mark.door

PART = "x7Kq"
TOKEN, KEY, PASSWORD = (f"sentinel/{name}+{PART}" for name in ("token", "key", "password"))
FORMS = (
    lambda text: text,
    lambda text: quote(text, safe=""),
    lambda text: json.dumps(text)[1:-1],
    lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
)
TABLES: dict[str, dict[str, Any]] = {
    "slack-bot": {"channel": "#builds"},
    "email": {"host": "127.0.0.1", "user": "u", "sender": "t@example.org", "recipients": ["a@b.c"]},
}


class Channel:
    """A receiver for any kind of target, and what came to it."""

    def __init__(self, receiver: Receiver, mail: MailServer) -> None:
        """Join a web server and a mail server."""
        self.receiver, self.mail = receiver, mail

    def contents(self) -> list[str]:
        """Return every message that came, as people read it."""
        web = [row.body.decode() for row in self.receiver.requests]
        mails = [message_from_string(row) for row in self.mail.messages]
        return web + [str(row["Subject"]) + "".join(parts(row).values()) for row in mails]

    def refuse(self, words: str) -> None:
        """Answer everything with an error that says so."""
        self.receiver.otherwise = Answer(400, body=words.encode())
        self.mail.answers = {"MAIL": [f"550 {words}"] * 9}


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """Return the receivers; nothing is waited for, and Slack's address is ours."""
    monkeypatch.setattr(door, "BACKOFF", Backoff(first=0.0, attempts=2))
    with ExitStack() as stack:
        found = Channel(stack.enter_context(receiving()), stack.enter_context(mailing()))
        monkeypatch.setattr(slack_bot, "API", f"http://127.0.0.1:{found.receiver.port}/api/")
        found.receiver.otherwise = Answer(body=b'{"ok": true, "ts": "1.1", "channel": "C1"}')
        yield found


def project(tmp_path: Path, channel: Channel, kind: str) -> Workspace:
    """Return a project with one target of a kind, which wants every event."""
    target = {"kind": kind, "events": list(EVENTS), "where": "everywhere", **TABLES.get(kind, {})}
    if kind == "email":
        target["port"] = channel.mail.port
    env = {
        "TOWPATH_STATE": str(tmp_path / "state"),
        "TOWPATH_NOTIFY_T_URL": channel.receiver.url,
        "TOWPATH_NOTIFY_T_TOKEN": TOKEN,
        "TOWPATH_NOTIFY_T_SECRET": KEY,
        "TOWPATH_NOTIFY_T_PASSWORD": PASSWORD,
    }
    found = config.parse({"notify": {"t": target}}, tmp_path, env)
    settings.hide(found)
    return Workspace(found, TableRunner(), QuietTerminal())


def secrets_of(workspace: Workspace) -> list[str]:
    """Return the secrets of the only target."""
    target = workspace.config.notify["t"]
    return [settings.secret(workspace.config, target, name) for name in target.variables]


def telling(secrets: list[str]) -> Notice:
    """Return a message that has every secret, in every form, in every text that it has."""
    words = " ".join(form(text) for text in secrets for form in FORMS)
    links = tuple(Link(text, f"https://u:{quote(text, safe='')}@example.org/") for text in secrets)
    texts = ("project", "version", "branch", "commit", "who", "environment", "stage", "error")
    known = {name: words for name in texts}
    return Notice("", "", FAILED, AT, gates=(words,), lines=(words,), links=links, **known)


def everything(workspace: Workspace) -> list[str]:
    """Return what was said and written."""
    terminal = workspace.terminal
    assert isinstance(terminal, QuietTerminal)
    files = [path for path in workspace.config.root.rglob("*") if path.is_file()]
    return [terminal.said, terminal.written, *(path.read_text() for path in files)]


def leaking(texts: list[str]) -> list[str]:
    """Return the texts that have a secret, or one within Base64."""
    encoded = [FORMS[-1](text)[:-4] for text in (TOKEN, KEY, PASSWORD)]
    return [text for text in texts if PART in text or any(form in text for form in encoded)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_channel_passes_a_secret_on(tmp_path: Path, channel: Channel, kind: str) -> None:
    """Neither in a message, a changing one too, nor on the terminal, in records or in the state."""
    workspace = project(tmp_path, channel, kind)
    message, words = telling(secrets_of(workspace)), f"1 on {' '.join(secrets_of(workspace))}"
    progress = Progress(workspace, message)
    progress.show(f"Running: {words}", [words])
    happened = Happened("main", frozenset({"failed"}), message, words, words, waits=words)

    sent = send.announce(workspace, happened, progress.posted)

    assert [row.delivered for row in sent] == [True], sent
    assert channel.contents()
    assert "***" in "".join(channel.contents())
    assert leaking(channel.contents()) == []
    assert leaking([json.dumps(row.as_json()) for row in sent]) == []
    assert leaking(everything(workspace)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_refusal_tells_a_secret(tmp_path: Path, channel: Channel, kind: str) -> None:
    """A server that repeats what it was sent, as one does that shows the request."""
    workspace = project(tmp_path, channel, kind)
    channel.refuse(f"no {' '.join(secrets_of(workspace))}")
    message = telling(secrets_of(workspace))
    happened = Happened("main", frozenset({"failed"}), message, "1 on main", "f")

    sent = send.announce(workspace, happened)

    assert [row.delivered for row in sent] == [False]
    assert "***" in sent[0].problem
    assert leaking([json.dumps(row.as_json()) for row in sent]) == []
    assert leaking(everything(workspace)) == []
    assert (workspace.config.state / "notifications.json").is_file()
