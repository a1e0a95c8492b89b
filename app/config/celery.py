"""The Celery application: how reports get from the web processes to the worker."""

from __future__ import annotations

import os
from typing import Any

from billiard.process import current_process
from celery import Celery
from celery.signals import heartbeat_sent, worker_process_init, worker_ready, worker_shutdown

from health.probe import BEAT
from metrics import slots

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("dashboard")
# Celery keeps the current application by thread: without this the threads of gunicorn would
# publish through a default application, to a broker on localhost.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["releases"])


@worker_ready.connect
@heartbeat_sent.connect
def beat(**_: object) -> None:
    """Touch the heartbeat file that `python -m health.probe worker` checks."""
    BEAT.touch()


@worker_process_init.connect
def take_slot(**_: object) -> None:
    """Let a process of the pool count in files of its own."""
    process: Any = current_process()
    slots.take(process.index)


@worker_ready.connect
def serve_metrics(**_: object) -> None:
    """Serve the counts of all processes of the pool, now that they are there."""
    from django.conf import settings

    from metrics import exporter

    exporter.start(settings.METRICS_HOST, settings.METRICS_PORT)


@worker_shutdown.connect
def stop_beating(**_: object) -> None:
    """Remove the heartbeat file, so that a stopped worker does not look alive."""
    BEAT.unlink(missing_ok=True)
