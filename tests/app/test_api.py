"""Handing a report in: each way it can be taken or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from amqp.exceptions import MessageNacked
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from pytest_django import Settings

from releases import api, storage
from releases.models import Receipt, Release, Run, StageResult
from tests.app.reports import TOKEN, bend, digest, report

Send = Callable[..., Any]
pytestmark = pytest.mark.django_db


class DeadQueue:
    """A task whose broker fails in the given way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def apply_async(self, **options: Any) -> None:
        """Fail to publish."""
        raise self.error


class LosingQueue:
    """A task whose broker takes messages and never delivers them."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def apply_async(self, *, args: Any, **options: Any) -> None:
        """Take the message."""
        self.taken.append(args[0]["run"])


def test_a_new_report_is_taken_and_stored(send: Send) -> None:
    """The answer is 202, with the id and the page where the run will be."""
    sent = report()
    response = send(sent)

    assert response.status_code == 202
    assert response.json() == {"id": sent["run"]}
    assert response["Location"] == f"/runs/{sent['run']}/"
    assert Run.objects.get().pk == Receipt.objects.get().pk
    assert StageResult.objects.count() == len(sent["stages"])
    assert Release.objects.get().digest == digest("a")


def test_the_same_report_again_changes_nothing(send: Send) -> None:
    """However it is written, it is 200 with the same id, and nothing twice."""
    sent = report()
    send(sent)
    response = send(json.dumps(dict(reversed(sent.items())), indent=2))

    assert (response.status_code, response.json()) == (200, {"id": sent["run"]})
    assert Run.objects.count() == 1
    assert StageResult.objects.count() == len(sent["stages"])


def test_another_report_under_the_same_id_is_a_conflict(send: Send) -> None:
    """The first one counts and stays as it is."""
    sent = report()
    send(sent)
    response = send(bend(sent, "branch", "elsewhere"))

    assert response.status_code == 409
    assert response.json() == {"error": f"another report was already accepted as run {sent['run']}"}
    assert Run.objects.get().branch == "main"


def test_a_promised_report_is_known_before_it_is_stored(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between 202 and the worker, the id is taken: same body 200, other body 409."""
    queue = LosingQueue()
    monkeypatch.setattr(api, "store_report", queue)
    sent = report()
    codes = [send(body).status_code for body in (sent, sent, bend(sent, "branch", "elsewhere"))]

    assert codes == [202, 200, 409]
    assert Run.objects.count() == 0
    assert queue.taken == [sent["run"]] * 2


def test_a_lost_message_is_made_good_by_sending_again(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that lost its messages loses no report that is handed in again."""
    sent = report()
    with monkeypatch.context() as patch:
        patch.setattr(api, "store_report", LosingQueue())
        send(sent)
    response = send(sent)

    assert response.status_code == 200
    assert str(Run.objects.get().pk) == sent["run"]


@pytest.mark.parametrize(
    "error",
    [BrokerError("refused"), MessageNacked("full"), TimeoutError("no confirmation"), OSError("x")],
)
def test_a_dead_queue_leaves_nothing_behind(
    send: Send, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The caller is told to come back, and may: no promise was kept half."""
    sent = report()
    with monkeypatch.context() as patch:
        patch.setattr(api, "store_report", DeadQueue(error))
        response = send(sent)

    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert response.json() == {"error": "the queue does not answer"}
    assert Receipt.objects.count() == 0
    assert send(sent).status_code == 202


def test_a_dead_database_is_said_so(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be promised without a place to write the promise."""

    def fail(*_: Any) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(storage, "fingerprint", fail)
    response = send(report())

    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert response.json() == {"error": "the database does not answer"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer wr\u00f6ng"},
    ],
)
def test_without_the_token_nothing_is_taken(client: Client, headers: dict[str, str]) -> None:
    """No token, a wrong one, a part of it and another scheme are all 401."""
    response = client.post("/api/runs/", report(), content_type="application/json", headers=headers)

    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert Receipt.objects.count() == 0


def test_without_a_configured_token_nobody_gets_in(send: Send, settings: Settings) -> None:
    """An empty token is no key; the answer says what the operator has to do."""
    settings.INGEST_TOKEN = ""
    settings.ENVIRONMENT = "production"
    response = send(report(), token="")

    assert response.status_code == 503
    assert "INGEST_TOKEN" in response.json()["error"]
    assert Receipt.objects.count() == 0


def test_development_needs_no_token(send: Send, settings: Settings) -> None:
    """On a laptop the pipeline may report without ceremony."""
    settings.INGEST_TOKEN = ""
    settings.ENVIRONMENT = "development"

    assert send(report(), token="").status_code == 202


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_post(client: Client, method: str) -> None:
    """Runs are handed in, never edited."""
    response = getattr(client, method)("/api/runs/")

    assert (response.status_code, response["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "text/json"]
)
def test_only_json(send: Send, kind: str) -> None:
    """What a form could send from another site is not read at all."""
    assert send(json.dumps(report()), content_type=kind).status_code == 415


def test_a_charset_beside_the_type_is_fine(send: Send) -> None:
    """Clients like to name the encoding."""
    body = json.dumps(report())

    assert send(body, content_type="application/json; charset=utf-8").status_code == 202


@pytest.mark.parametrize("body", ["{", "null x", '{"duration": NaN}'])
def test_what_is_no_json_is_said_so(send: Send, body: str) -> None:
    """The answer names the first thing that is wrong."""
    response = send(body)

    assert response.status_code == 400
    assert response.json()["error"].startswith("not a JSON document: ")


def test_the_limit_of_a_body_is_exact(send: Send, settings: Settings) -> None:
    """At the limit a report is taken, one byte above it is not."""
    body = json.dumps(report()).encode()
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = len(body)
    over = send(body + b" ")

    assert over.status_code == 413
    assert over.json() == {"error": f"a report may have at most {len(body)} bytes"}
    assert send(body).status_code == 202


def test_what_is_no_report_is_answered_with_paths(send: Send) -> None:
    """The caller sees where in the document to look."""
    response = send(bend(report(), "stages/test/coverage", "96 %"))

    assert response.status_code == 422
    assert response.json()["problems"] == [
        {"path": "stages/test/coverage", "message": "'96 %' is not of type 'number'"}
    ]
    assert Receipt.objects.count() == 0


def test_a_report_of_the_future_is_refused(send: Send) -> None:
    """By the clock of the server, and nothing of it is kept."""
    ahead = timezone.now() + timedelta(minutes=6)
    answer = send(report(timestamp=f"{ahead:%Y-%m-%dT%H:%M:%SZ}", duration=0))

    assert answer.status_code == 422
    assert answer.json()["problems"] == [{"path": "timestamp", "message": "is in the future"}]
    assert Receipt.objects.count() == 0
