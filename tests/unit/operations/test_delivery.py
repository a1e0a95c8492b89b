"""Messages against real receivers: delivered, tried again, given up; no secret in any word."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.misbehaving import free_port
from tests.unit.operations.receivers import (
    CLOSE,
    HANG,
    Answer,
    MailServer,
    Receiver,
    mailing,
    receiving,
)
from tests.unit.operations.test_messages import BAD, GOOD
from towpath import config
from towpath.config import Config
from towpath.core.backoff import Backoff
from towpath.core.errors import ConfigurationError
from towpath.core.redaction import SECRETS
from towpath.operations.notify import http_delivery as door
from towpath.operations.notify import mail_delivery, send, settings, slack_bot, webhook
from towpath.operations.notify.memory import Delivery
from towpath.operations.notify.slack_bot import Posted

pytestmark = pytest.mark.door

SENTINELS = ("xoxb-sentinel-x7Kq1", "sentinel-key-x7Kq2", "sentinel-pw-x7Kq3")
TOKEN, KEY, PASSWORD = SENTINELS
PART = "x7Kq"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server of the test's own."""
    with receiving() as found:
        yield found


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server of the test's own, without STARTTLS."""
    with mailing() as found:
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for an answer half a second, and not between tries."""
    monkeypatch.setattr(door, "TIMEOUT", (0.5, 0.5))
    monkeypatch.setattr(door, "BACKOFF", Backoff(first=0.0, attempts=3))
    monkeypatch.setattr(mail_delivery, "TIMEOUT", 0.5)


def configured(tmp_path: Path, kind: str, receiver: Receiver | None = None, **more: Any) -> Config:
    """Return the settings of a project with one target of this kind."""
    table = {"t": {"kind": kind, "events": ["failed"], "where": "everywhere", **more}}
    env = {
        "TOWPATH_STATE": str(tmp_path / "state"),
        "TOWPATH_NOTIFY_T_URL": receiver.url if receiver else "",
        "TOWPATH_NOTIFY_T_TOKEN": TOKEN,
        "TOWPATH_NOTIFY_T_SECRET": KEY,
        "TOWPATH_NOTIFY_T_PASSWORD": PASSWORD,
    }
    found = config.parse({"notify": table}, tmp_path, env)
    settings.hide(found)
    return found


def delivered(found: Config) -> Delivery:
    """Return how the delivery of a failure to the only target ended."""
    sent = send.deliver(found, [(found.notify["t"], BAD)])[0]
    assert PART not in json.dumps(sent.as_json())
    return sent


@pytest.mark.parametrize("kind", ["slack", "teams", "discord"])
def test_a_message_arrives(tmp_path: Path, receiver: Receiver, kind: str) -> None:
    """Once, as JSON, at the secret address and nowhere else."""
    sent = delivered(configured(tmp_path, kind, receiver))

    assert (sent.target, sent.kind, sent.event) == ("t", kind, "failed")
    assert (sent.delivered, sent.attempts, sent.problem) == (True, 1, "")
    assert len(receiver.requests) == 1
    request = receiver.requests[0]
    assert request.path == "/services/T0123/sentinel-x7Kq9"
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "Authorization" not in request.headers
    assert "COVERAGE" in json.dumps(request.document)


@pytest.mark.parametrize(
    ("answers", "taken", "attempts", "problem"),
    [
        ([Answer(429, {"Retry-After": "0"}), Answer(200)], True, 2, ""),
        ([Answer(500), Answer(503), Answer(204)], True, 3, ""),
        ([Answer(CLOSE), Answer(200)], True, 2, ""),
        ([Answer(500, body=b"broken\nmore")] * 4, False, 3, "answered 500: broken more"),
        (
            [Answer(429, {"Retry-After": "3600"}, b"")],
            False,
            1,
            "answered 429, asks to wait 3600 s",
        ),
        ([Answer(404, body=b"no_service")], False, 1, "answered 404: no_service"),
        ([Answer(302, {"Location": "http://127.0.0.1:1/"}, b"")], False, 1, "answered 302"),
        ([Answer(CLOSE)] * 4, False, 3, "ConnectionError"),
    ],
)
def test_what_can_heal_is_tried_again(
    tmp_path: Path,
    receiver: Receiver,
    answers: list[Answer],
    taken: bool,
    attempts: int,
    problem: str,
) -> None:
    """Within bounds; what cannot is not, and no redirection is followed."""
    receiver.answers = list(answers)

    sent = delivered(configured(tmp_path, "slack", receiver))

    assert (sent.delivered, sent.attempts, sent.problem) == (taken, attempts, problem)
    assert len(receiver.requests) == attempts


def test_one_that_hangs_is_given_up_and_not_asked_again(tmp_path: Path, receiver: Receiver) -> None:
    """The message may have arrived."""
    receiver.answers = [Answer(HANG)]
    started = time.monotonic()

    sent = delivered(configured(tmp_path, "slack", receiver))

    assert time.monotonic() - started < 3
    assert (sent.delivered, sent.problem) == (False, "no answer within 0.5 s")
    assert len(receiver.requests) == 1


def test_nobody_listens(tmp_path: Path) -> None:
    """The name of the error, and nothing of the address."""
    sent = delivered(configured(tmp_path, "discord", Receiver(port=free_port())))

    assert (sent.delivered, sent.attempts, sent.problem) == (False, 3, "ConnectionError")


def test_an_answer_that_repeats_the_secret_is_hidden(tmp_path: Path, receiver: Receiver) -> None:
    """As one does that shows the path it was asked for."""
    receiver.otherwise = Answer(404, body=b"no such hook: /services/T0123/sentinel-x7Kq9")

    assert delivered(configured(tmp_path, "slack", receiver)).problem == (
        "answered 404: no such hook: ***"
    )


def test_a_signed_webhook(tmp_path: Path, receiver: Receiver) -> None:
    """Each try is signed anew and has the same identity."""
    receiver.answers = [Answer(500)]

    sent = delivered(configured(tmp_path, "webhook", receiver))

    assert sent.delivered
    first, second = receiver.requests
    assert first.headers["X-Towpath-Delivery"] == second.headers["X-Towpath-Delivery"]
    for request in (first, second):
        stamp = int(request.headers["X-Towpath-Timestamp"])
        assert abs(stamp - time.time()) < 30
        wanted = webhook.signature(KEY, stamp, request.body)
        assert request.headers["X-Towpath-Signature"] == wanted
        assert request.headers["X-Towpath-Event"] == "failed"
    assert first.document["stage"] == "tests"


TAKEN = Answer(body=b'{"ok": true, "ts": "17.1", "channel": "C9"}')


def test_slacks_bot(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message, its details in the thread; one that stands there already is changed."""
    monkeypatch.setattr(slack_bot, "API", f"http://127.0.0.1:{receiver.port}/api/")
    receiver.otherwise = TAKEN
    found = configured(tmp_path, "slack-bot", channel="#builds")

    assert delivered(found).delivered
    send.deliver(found, [(found.notify["t"], GOOD)], {"t": Posted("C9", "16.1")})

    first, thread, changed = receiver.requests
    assert [row.path for row in receiver.requests] == [
        "/api/chat.postMessage",
        "/api/chat.postMessage",
        "/api/chat.update",
    ]
    assert {row.headers["Authorization"] for row in receiver.requests} == {f"Bearer {TOKEN}"}
    assert first.document["channel"] == "#builds"
    assert (thread.document["channel"], thread.document["thread_ts"]) == ("C9", "17.1")
    assert "COVERAGE" in json.dumps(thread.document)
    assert (changed.document["channel"], changed.document["ts"]) == ("C9", "16.1")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"ok": false, "error": "channel_not_found"}', "Slack says channel_not_found"),
        (b"<html>", "the answer is not Slack's"),
        (b"[]", "the answer is not Slack's"),
    ],
)
def test_slack_answers_200_for_errors_too(
    tmp_path: Path,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
    problem: str,
) -> None:
    """They are not taken for success."""
    monkeypatch.setattr(slack_bot, "API", f"http://127.0.0.1:{receiver.port}/api/")
    receiver.otherwise = Answer(body=body)

    sent = delivered(configured(tmp_path, "slack-bot", channel="#builds"))

    assert (sent.delivered, sent.problem) == (False, problem)


def by_mail(tmp_path: Path, port: int, **more: Any) -> Config:
    """Return settings with a mail server on this machine."""
    table = {"host": "127.0.0.1", "sender": "t@example.org", "recipients": ["a@example.org"]}
    return configured(tmp_path, "email", None, port=port, **table, **more)


def test_mail_on_this_machine(tmp_path: Path, mail: MailServer) -> None:
    """Without STARTTLS and without a login."""
    assert delivered(by_mail(tmp_path, mail.port)).delivered

    # Pythons before 3.13 write some of these letters large.
    assert [row.lower() for row in mail.commands if ":" in row] == [
        "mail from:<t@example.org>",
        "rcpt to:<a@example.org>",
    ]
    assert "Subject: [shop] Failed: 1.2.3 on main" in mail.messages[0]
    assert mail.secured == [False]


def test_a_login(tmp_path: Path, mail: MailServer) -> None:
    """A refused one says so without the password."""
    found = by_mail(tmp_path, mail.port, user="u")

    assert delivered(found).delivered
    mail.answers["AUTH"] = [f"535 bad password {PASSWORD}"]
    sent = delivered(found)
    assert (sent.delivered, sent.attempts) == (False, 1)
    assert sent.problem == "answered 535: bad password ***"


@pytest.mark.parametrize(
    ("answers", "taken", "attempts", "problem"),
    [
        ({"MAIL": ["451 later"]}, True, 2, ""),
        ({"RCPT": ["450 later"]}, True, 2, ""),
        ({"RCPT": ["550 nobody"]}, False, 1, "answered 550: nobody"),
        ({"MAIL": ["421 busy"] * 3}, False, 3, "answered 421: busy"),
    ],
)
def test_a_mail_server_that_refuses(
    tmp_path: Path,
    mail: MailServer,
    answers: dict[str, list[str]],
    taken: bool,
    attempts: int,
    problem: str,
) -> None:
    """What is for a while is tried again, what is for good is not."""
    mail.answers = answers

    sent = delivered(by_mail(tmp_path, mail.port))

    assert (sent.delivered, sent.attempts, sent.problem) == (taken, attempts, problem)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a key and a certificate for this machine, in one file."""
    place = tmp_path_factory.mktemp("tls")
    file, key = place / "cert.pem", place / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(file)),
        ],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + key.read_text())
    return file


def test_mail_over_tls(tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that is trusted is used, any other one refused."""
    with mailing(certificate) as mail:
        found = by_mail(tmp_path, mail.port, user="u")
        refused = delivered(found)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        taken = delivered(found)

    assert not refused.delivered
    assert "certificate verify failed" in refused.problem
    assert taken.delivered
    assert mail.secured == [True]
    assert not any("AUTH" in row.upper() for row in mail.commands[:2])


def test_no_mail_goes_elsewhere_in_the_clear(
    tmp_path: Path, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a password."""
    monkeypatch.setattr(mail_delivery, "is_loopback", lambda _host: False)

    sent = delivered(by_mail(tmp_path, mail.port, user="u"))

    assert (sent.delivered, sent.problem) == (False, "the server offers no STARTTLS")
    assert not any(row.upper().startswith(("AUTH", "MAIL")) for row in mail.commands)


@pytest.mark.parametrize(
    ("kind", "missing", "words"),
    [
        (
            "slack",
            "TOWPATH_NOTIFY_T_URL",
            "T_URL is not set: the url of this target belongs there.",
        ),
        ("webhook", "TOWPATH_NOTIFY_T_SECRET", "is not set: the secret of this target"),
    ],
)
def test_a_missing_setting_is_an_error_at_the_start(
    tmp_path: Path, receiver: Receiver, kind: str, missing: str, words: str
) -> None:
    """It names the variable."""
    found = configured(tmp_path, kind, receiver)
    env = {name: value for name, value in found.env.items() if name != missing}
    table = {"t": {"kind": kind, "events": ["failed"], "where": "everywhere"}}

    with pytest.raises(ConfigurationError) as caught:
        settings.require_ready(config.parse({"notify": table}, tmp_path, env))

    assert words in caught.value.why


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/x7Kq",
        "ftp://x7Kq",
        "x7Kq",
        "https://",
        "https://[",
        "https://x:0/",
    ],
)
def test_an_address_that_is_not_safe(tmp_path: Path, url: str) -> None:
    """It is refused, and not shown."""
    env = {"TOWPATH_NOTIFY_T_URL": url}
    table = {"t": {"kind": "slack", "events": ["failed"], "where": "everywhere"}}

    with pytest.raises(ConfigurationError) as caught:
        settings.require_ready(config.parse({"notify": table}, tmp_path, env))

    assert "TOWPATH_NOTIFY_T_URL is not an https:// address" in caught.value.why
    assert "x7Kq" not in " ".join(caught.value.lines())


def test_the_secrets_of_targets_are_hidden(tmp_path: Path, receiver: Receiver) -> None:
    """Whole, and the path of an address alone."""
    found = configured(tmp_path, "slack", receiver)

    text = f"{receiver.url} /services/T0123/sentinel-x7Kq9 sentinel-x7Kq9"
    assert SECRETS.text(text) == "*** *** ***"
    assert found.notify["t"].name == "t"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2), ("0.35", 0.35), ("", 0), ("soon", 0), ("9" * 30, 0)],
)
def test_retry_after(header: str, seconds: float) -> None:
    """Seconds, with a fraction too, or a date."""
    assert door.retry_after({"Retry-After": header}, 0) == seconds


def test_retry_after_a_date() -> None:
    """It is compared with the time."""
    date = {"Retry-After": "Thu, 01 Jan 1970 00:01:40 GMT"}

    assert door.retry_after(date, 90) == 10
    assert door.retry_after(date, 200) == 0
