"""What is asked for when Prometheus reads: the backlog of reports, and the services.

The backlog is in the database: a report has a receipt, and later a run. So a worker that is down
and a message that was lost are both seen. Nothing here blocks for longer than a readiness check.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from config.celery import app
from config.release import own_release
from health import checks
from releases.models import Receipt

PATIENCE = {"read_timeout": 2, "write_timeout": 2}
"""Seconds that the broker has for one answer."""


@dataclass
class Backlog:
    """The last answers of the queue and the database; see `current` for whether they are new."""

    messages: int = 0
    consumers: int = 0
    waiting: int = 0
    oldest: datetime | None = None

    def ask_queue(self) -> None:
        """Ask the broker for the messages and the consumers of the queue, which has to exist."""
        queue = settings.CELERY_TASK_DEFAULT_QUEUE
        with app.connection_for_write(transport_options=PATIENCE) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0)
            channel: Any = broker.default_channel
            found = channel.queue_declare(queue=queue, passive=True)
            self.messages, self.consumers = found.message_count, found.consumer_count

    def ask_database(self) -> None:
        """Ask for the receipts without a run, over a connection that is closed again."""
        try:
            found = Receipt.objects.filter(run__isnull=True).aggregate(
                waiting=Count("pk"), oldest=Min("received_at")
            )
            self.waiting, self.oldest = found["waiting"], found["oldest"]
        finally:
            connection.close()

    @property
    def lag(self) -> float:
        """The age of the oldest report that waits to be stored, in seconds."""
        age = timezone.now() - self.oldest if self.oldest else None
        return max(0.0, age.total_seconds()) if age else 0.0


class DashboardCollector(Collector):
    """Asks at each reading, at most once a second; what does not answer has no figures."""

    def __init__(self) -> None:
        self._backlog = Backlog()
        self._readiness = checks.Readiness()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the release, the state of each service, and the backlog."""
        yield _release()
        yield _labelled(
            "dashboard_service_up",
            "Whether a service answers this process.",
            "service",
            checks.READINESS.latest(checks.CHECKS, settings.SERVICE_TIMEOUT),
        )
        found = self._readiness.latest(
            {"queue": self._backlog.ask_queue, "database": self._backlog.ask_database},
            settings.SERVICE_TIMEOUT,
        )
        yield _labelled(
            "dashboard_backlog_up", "Whether the backlog could be read from here.", "source", found
        )
        if found["queue"].status == "ok":
            yield _gauge(
                "dashboard_queue_messages", "Reports in the queue.", self._backlog.messages
            )
            yield _gauge(
                "dashboard_queue_consumers", "Workers of the queue.", self._backlog.consumers
            )
        if found["database"].status == "ok":
            yield _gauge(
                "dashboard_reports_waiting",
                "Reports that were received and are not stored.",
                self._backlog.waiting,
            )
            yield _gauge(
                "dashboard_ingest_lag_seconds",
                "Age of the oldest report that is not stored, 0 without any.",
                self._backlog.lag,
            )


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _labelled(
    name: str, text: str, label: str, outcomes: dict[str, checks.Outcome]
) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, text, labels=[label])
    for key, outcome in outcomes.items():
        found.add_metric([key], float(outcome.status == "ok"))
    return found


def _release() -> GaugeMetricFamily:
    own = own_release()
    found = GaugeMetricFamily(
        "dashboard_release", "The release of this process.", labels=["version", "digest"]
    )
    found.add_metric([own.version, own.digest], 1.0)
    return found
