"""The Celery application: how reports get from the web processes to the worker."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import heartbeat_sent, worker_ready, worker_shutdown

from health.probe import BEAT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("dashboard")
# Celery keeps the current application by thread: without this the threads of gunicorn would
# publish through an application of their own making, to a broker on localhost.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["releases"])


@worker_ready.connect
@heartbeat_sent.connect
def beat(**_: object) -> None:
    """Leave a sign of life for `python -m health.probe worker`."""
    BEAT.touch()


@worker_shutdown.connect
def stop_beating(**_: object) -> None:
    """Take the sign of life away, so that a stopped worker is not taken for a living one."""
    BEAT.unlink(missing_ok=True)
