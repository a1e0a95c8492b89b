"""What Prometheus reads: few labels whatever clients send, and figures only of what answered."""

from __future__ import annotations

import datetime as dt
import os
import runpy
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import REGISTRY
from pytest_django import Settings

from config import celery
from health import checks
from metrics import exporter, slots
from metrics.collectors import Backlog, DashboardCollector
from releases.models import Receipt
from tests.app.conftest import Send
from tests.app.reports import report

APP = Path(exporter.__file__).parents[1]


def counted(name: str, **labels: str) -> float:
    """Return what a metric of this process stands at; 0 before its first count."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def collected(collector: DashboardCollector) -> dict[str, float]:
    """Return the figures of a collector by name, those with a label as `name label`."""
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in collector.collect()
        for sample in family.samples
    }


@pytest.mark.django_db
def test_a_request_is_counted_by_view_method_and_status(client: Client) -> None:
    """And timed by its view."""
    labels = {"view": "index", "method": "GET", "status": "200"}
    before = counted("dashboard_requests_total", **labels)
    timed = counted("dashboard_request_seconds_count", view="index")
    client.get("/")

    assert counted("dashboard_requests_total", **labels) == before + 1
    assert counted("dashboard_request_seconds_count", view="index") == timed + 1
    assert counted("dashboard_requests_in_progress") == 0


@pytest.mark.django_db
def test_addresses_and_methods_of_clients_make_no_labels(client: Client) -> None:
    """A scanner that tries a thousand of them makes two figures."""

    def figures() -> int:
        families = [row for row in REGISTRY.collect() if row.name == "dashboard_requests"]
        return sum(len(row.samples) for row in families)

    client.get("/nowhere")
    client.generic("BREW", "/nowhere")
    known = figures()
    for number in range(20):
        client.get(f"/nowhere/{number}")
        client.generic(f"BREW{number}", f"/nowhere/{number}")

    assert figures() == known
    assert counted("dashboard_requests_total", view="other", method="other", status="405") > 20


def test_health_checks_are_not_counted(client: Client) -> None:
    """Once a second from every proxy they would hide what people wait for."""
    before = counted("dashboard_request_seconds_count", view="other")
    client.get("/health/live")

    assert counted("dashboard_request_seconds_count", view="other") == before


def test_the_metrics_have_no_address_below_the_views(client: Client) -> None:
    """The proxy sends requests to this port: it does not know the other."""
    for path in ("/metrics", "/metrics/", "/health/metrics"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert b"dashboard_requests" not in answer.content


@pytest.mark.django_db(transaction=True)
def test_a_stored_report_is_timed(send: Send) -> None:
    """From its receipt."""
    before = counted("dashboard_report_stored_seconds_count")
    assert send(report()).status_code == 202

    assert counted("dashboard_report_stored_seconds_count") == before + 1


@pytest.mark.django_db(transaction=True)
def test_the_lag_is_the_age_of_the_oldest_report_that_is_not_stored() -> None:
    """A receipt without a run, however its message was lost."""
    backlog = Backlog()
    backlog.ask_database()
    assert (backlog.waiting, backlog.lag) == (0, 0.0)
    for minutes in (1, 5, 2):
        moment = timezone.now() - dt.timedelta(minutes=minutes)
        Receipt.objects.create(run_id=uuid4(), sha256="0" * 64, received_at=moment)
    backlog.ask_database()

    assert backlog.waiting == 3
    assert backlog.lag == pytest.approx(300, abs=30)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> DashboardCollector:
    """Return a collector whose sources answer as a test says."""
    monkeypatch.setattr(checks, "CHECKS", {"cache": lambda: None})
    found = DashboardCollector()
    backlog = SimpleNamespace(
        messages=3, consumers=1, waiting=2, lag=7.5, ask_queue=mock.Mock(), ask_database=mock.Mock()
    )
    monkeypatch.setattr(found, "_backlog", backlog)
    return found


def test_the_backlog_is_read_from_queue_and_database(collector: DashboardCollector) -> None:
    """Each has its own figures."""
    found = collected(collector)

    assert found["dashboard_queue_messages"] == 3
    assert found["dashboard_queue_consumers"] == 1
    assert found["dashboard_reports_waiting"] == 2
    assert found["dashboard_ingest_lag_seconds"] == 7.5
    assert found["dashboard_service_up cache"] == 1
    assert found["dashboard_backlog_up queue"] == found["dashboard_backlog_up database"] == 1


def test_what_does_not_answer_has_no_figures(
    collector: DashboardCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 would say that all is well; an alert asks for what is absent."""
    backlog: Any = collector._backlog
    backlog.ask_queue.side_effect = ConnectionRefusedError("nobody there")
    found = collected(collector)

    assert found["dashboard_backlog_up queue"] == 0
    assert "dashboard_queue_messages" not in found
    assert "dashboard_queue_consumers" not in found
    assert found["dashboard_ingest_lag_seconds"] == 7.5


def test_a_database_that_is_down_is_no_lag_of_zero(collector: DashboardCollector) -> None:
    """The queue's figures are there."""
    backlog: Any = collector._backlog
    backlog.ask_database.side_effect = OperationalError("down")
    found = collected(collector)

    assert "dashboard_ingest_lag_seconds" not in found
    assert found["dashboard_queue_messages"] == 3


@pytest.fixture
def address() -> Iterator[str]:
    """Serve the metrics of this process on a free port."""
    server = exporter.serve("127.0.0.1", 0, DashboardCollector())
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.django_db(transaction=True)
def test_the_metrics_are_served_on_a_port_of_their_own(address: str) -> None:
    """At one path; the text is one that Prometheus reads."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    names = {row.name for row in text_string_to_metric_families(text)}

    assert {"dashboard_requests", "dashboard_start_time_seconds", "dashboard_release"} <= names
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{address}/", timeout=10)


def test_without_a_port_nothing_is_served() -> None:
    """As on a machine without containers."""
    assert exporter.start("127.0.0.1", 0) is None


def test_a_new_process_takes_the_slot_of_one_that_ended() -> None:
    """So there are no more files than processes at one time."""
    assert slots.free([]) == 0
    assert slots.free([0, 1]) == 2
    assert slots.free([1, 2]) == 0
    assert slots.free([0, 2]) == 1


@pytest.fixture
def slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process have its own slot again in the end."""
    monkeypatch.setattr(slots, "_mine", slots.mine())


@pytest.mark.usefixtures("slot")
def test_each_process_of_gunicorn_has_a_slot() -> None:
    """From the process that starts it, before the application is there."""
    hooks = runpy.run_path(str(APP / "gunicorn.conf.py"))
    server = SimpleNamespace(WORKERS={10: SimpleNamespace(slot=0), 11: SimpleNamespace(slot=2)})
    worker = SimpleNamespace()
    hooks["pre_fork"](server, worker)
    hooks["post_fork"](server, worker)
    hooks["child_exit"](server, worker)

    assert worker.slot == 1
    assert slots.mine() == "1"


@pytest.mark.usefixtures("slot")
def test_each_process_of_the_workers_pool_has_a_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is its place in the pool: a new process takes that of a lost one."""
    monkeypatch.setattr(celery, "current_process", lambda: SimpleNamespace(index=2))
    celery.take_slot()

    assert slots.mine() == "2"


@pytest.mark.parametrize("port", [0, 9101])
def test_both_processes_serve_the_port_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, port: int
) -> None:
    """The web process with the backlog, the worker with its counts alone."""
    started = mock.Mock()
    monkeypatch.setattr(exporter, "start", started)
    settings.METRICS_HOST, settings.METRICS_PORT = "10.0.0.1", port
    runpy.run_path(str(APP / "gunicorn.conf.py"))["post_worker_init"](SimpleNamespace())
    celery.serve_metrics()

    web, worker = [call.args for call in started.call_args_list]
    assert web[:2] == worker == ("10.0.0.1", port)
    assert isinstance(web[2], DashboardCollector)


PROGRAM = """
import os, sys
from metrics import measures, slots
for slot in (0, 1, 0, 0):
    child = os.fork()
    if not child:
        slots.take(slot)
        measures.REQUESTS.labels("index", "GET", "200").inc()
        measures.IN_PROGRESS.inc()
        os._exit(0)
    os.waitpid(child, 0)
    slots.give_up(slot)
from prometheus_client import generate_latest
from metrics.exporter import registry
sys.stdout.write(generate_latest(registry()).decode())
"""


def test_several_processes_count_as_one(tmp_path: Path) -> None:
    """The counts of those that ended stay, what they were working on does not."""
    directory = tmp_path / "metrics"
    # In the testing image the dependencies are on that path too.
    path = os.pathsep.join(filter(None, (str(APP), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": path, "PROMETHEUS_MULTIPROC_DIR": str(directory)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert 'dashboard_requests_total{method="GET",status="200",view="index"} 4.0' in done.stdout
    assert "dashboard_requests_in_progress 0.0" in done.stdout
    files = sorted(file.name for file in directory.glob("counter_*"))
    assert files == ["counter_0.db", "counter_1.db"]
