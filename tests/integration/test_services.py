"""The dashboard over its real services: PostgreSQL, Memcached, RabbitMQ and a worker of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from pytest_django import Settings

from health import checks, probe
from releases import storage
from releases.models import Deployment, Receipt, Run, StageResult
from tests.app.reports import TOKEN, report, stages

APP = Path(__file__).resolve().parents[2] / "app"
PATIENCE = 60.0

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("needs_database"),
]

# How often a page that should come from the cache is asked for.
TRIES = 5


@pytest.fixture(autouse=True)
def real_services(settings: Settings, needs_cache: None) -> Iterator[None]:
    """Let the app serve its test client, and begin with an empty cache."""
    settings.INGEST_TOKEN = TOKEN
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.SECURE_SSL_REDIRECT = False
    cache.clear()
    yield
    cache.close()


@pytest.fixture
def worker(tmp_path: Path, needs_queue: None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker as the container does, on the database of this test."""
    log = tmp_path / "worker.log"
    environment = {
        **os.environ,
        "DATABASE_NAME": str(connection.settings_dict["NAME"]),
        "PYTHONPATH": str(APP),
        "TMPDIR": str(tmp_path),
    }
    argv = [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo"]
    with log.open("wb") as out:
        process = subprocess.Popen(argv, cwd=APP, env=environment, stdout=out, stderr=out)
    try:
        beat = tmp_path / probe.BEAT.name
        wait_for(lambda: probe.worker(beat) == "", "the worker's first beat", log)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=PATIENCE)
    assert code == 0, log.read_text()


def wait_for(condition: Callable[[], bool], what: str, log: Path | None = None) -> None:
    """Wait until the condition holds; fail after a while, with the log."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited in vain for {what}\n{log.read_text() if log else ''}")
        time.sleep(0.05)


def hand_in(document: dict[str, Any]) -> Any:
    """Hand a report in, as the pipeline does."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return Client().post("/api/runs/", document, content_type="application/json", headers=headers)


def test_a_report_is_written_to_and_read_from_postgresql() -> None:
    """What JSON columns hold comes back as it went in."""
    facts = {"text": 'ü "quoted" \\u0000', "nested": [{"deep": [1, 2.5, None, True]}]}
    sent = report(stages={**stages(), "extra": {"status": "passed", "duration": 1, **facts}})
    storage.store(sent)

    assert StageResult.objects.get(name="extra").facts == facts
    assert Run.objects.get(stages__facts__coverage__gte=96).pk == Receipt.objects.get().pk
    assert Deployment.objects.get(release__platforms__contains="linux/arm64").status == "passed"


def test_a_rolled_back_promise_leaves_nothing() -> None:
    """PostgreSQL takes the receipt back when the queue fails."""

    def fail(_: Any) -> None:
        raise ConnectionRefusedError("no queue")

    with pytest.raises(ConnectionRefusedError):
        storage.accept(report(), fail)

    assert Receipt.objects.count() == 0


def test_pages_are_kept_in_memcached_and_forgotten_by_a_report() -> None:
    """The second look comes from the cache, the look after a report does not."""
    client = Client()
    seen = []
    for number in range(TRIES):
        Run.objects.all().delete()
        client.get("/")
        version = f"5.5.{number}-unseen"
        with transaction.atomic():
            storage.store(report(version=version))
            seen.append(version.encode() in client.get("/").content)
        assert version.encode() in client.get("/").content
        # On a busy machine Memcached may answer too late, and the page is made anew.
        if not seen[-1]:
            break

    assert _generation_of(client) is not None
    assert not seen[-1]


def _generation_of(client: Client) -> object:
    """Return the generation of the pages; as above, a busy Memcached may answer too late."""
    for _ in range(TRIES):
        client.get("/")
        if (found := cache.get("pages:generation")) is not None:
            return found
    return None


def test_a_worker_stores_what_was_promised(worker: subprocess.Popen[bytes]) -> None:
    """From the POST over RabbitMQ to the page, with a worker process in between."""
    sent = report(version="7.7.7-queued")
    first = hand_in(sent)
    wait_for(lambda: Run.objects.filter(pk=sent["run"]).exists(), "the worker to store the run")
    wait_for(lambda: b"7.7.7-queued" in Client().get("/").content, "the page to show the run")
    again = hand_in(sent)
    other = hand_in({**sent, "branch": "elsewhere"})

    assert (first.status_code, again.status_code, other.status_code) == (202, 200, 409)
    assert Run.objects.count() == 1
    assert worker.poll() is None


@pytest.mark.usefixtures("needs_queue")
def test_a_report_waits_for_a_worker(request: pytest.FixtureRequest) -> None:
    """A promise given while no worker runs is kept by the next one."""
    documents = [report(run=str(uuid4())) for _ in range(5)]
    codes = [hand_in(document).status_code for document in documents]
    before = Run.objects.count()
    request.getfixturevalue("worker")
    wait_for(lambda: Run.objects.count() == 5, "the worker to store five runs")

    assert codes == [202] * 5
    assert before == 0


@pytest.mark.usefixtures("needs_queue")
def test_readiness_asks_the_real_services() -> None:
    """All three answer, each within its time."""
    response = Client().get("/health/ready")
    found = response.json()

    assert {name: outcome["status"] for name, outcome in found["checks"].items()} == {
        "database": "ok",
        "cache": "ok",
        "queue": "ok",
    }
    assert response.status_code == 200


@pytest.mark.usefixtures("needs_queue")
@pytest.mark.parametrize("name", ["cache", "database", "queue"])
def test_readiness_notices_a_service_that_is_gone(
    name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address where nobody listens is a service that is down, and no other is."""
    if name == "cache":
        settings.CACHES = {
            "default": {**settings.CACHES["default"], "LOCATION": ["127.0.0.1:1"]},
        }
    elif name == "queue":
        monkeypatch.setattr("config.celery.app.conf.broker_url", "amqp://127.0.0.1:1//")
    else:
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", 1)
    found = checks.run(checks.CHECKS, settings.SERVICE_TIMEOUT)

    assert [key for key, outcome in found.items() if outcome.status == "down"] == [name]
    assert found[name].seconds < settings.SERVICE_TIMEOUT
