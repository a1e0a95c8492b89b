"""What the dashboard is asked most, measured against the reference and judged by SLOWDOWN."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from releases import storage
from releases.models import Run
from tests.app.conftest import Send
from tests.app.reports import report
from tests.performance.conftest import Measure

pytestmark = pytest.mark.django_db


def test_ingest(measure: Measure, send: Send) -> None:
    """A report is taken, checked and stored."""
    before = Run.objects.count()

    response = measure(lambda: send(report()))

    assert response.status_code == 202
    assert Run.objects.count() > before + 100


def test_ingest_again(measure: Measure, send: Send) -> None:
    """A report that came before is known again and stored once."""
    sent = report()
    send(sent)

    response = measure(lambda: send(sent))

    assert response.status_code == 200
    assert Run.objects.count() == 1


def test_ingest_refused(measure: Measure, send: Send) -> None:
    """A report without the right token costs little."""
    response = measure(lambda: send(report(), token="another"))

    assert response.status_code == 401
    assert Run.objects.count() == 0


def test_dashboard_rendered(measure: Measure, client: Client) -> None:
    """The overview with a full page of runs, made anew."""
    for number in range(25):
        timestamp = f"2026-11-24T21:00:{number:02}Z"
        storage.store(report(version=f"1.2.{number}+gabc1234", timestamp=timestamp))

    def render() -> Any:
        cache.clear()
        return client.get("/")

    response = measure(render)

    assert response.status_code == 200
    assert b"1.2.24+gabc1234" in response.content


def test_dashboard_kept(measure: Measure, client: Client) -> None:
    """The overview as the cache has it."""
    storage.store(report(version="1.2.3+gabc1234"))
    first = client.get("/").content
    Run.objects.all().delete()

    response = measure(lambda: client.get("/"))

    assert response.content == first


def test_run_rendered(measure: Measure, client: Client) -> None:
    """The page of one run, made anew."""
    sent = report()
    storage.store(sent)

    def render() -> Any:
        cache.clear()
        return client.get(f"/runs/{sent['run']}/")

    assert measure(render).status_code == 200


def test_health_live(measure: Measure, client: Client) -> None:
    """The answer that asks no service."""
    assert measure(lambda: client.get("/health/live")).json()["status"] == "ok"


def test_health_ready(measure: Measure, client: Client) -> None:
    """The answer that asks all of them, each in a thread of its own."""
    assert measure(lambda: client.get("/health/ready")).json()["status"] == "ok"
