"""The tasks of the worker."""

from __future__ import annotations

import logging

from celery import Task, shared_task
from django.db import InterfaceError, OperationalError

from metrics import measures
from releases import storage
from releases.ingest import Report

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 300  # seconds


@shared_task(bind=True, max_retries=None)
def store_report(self: Task[[Report], None], report: Report) -> None:
    """Store a report; without the database, retry with growing pauses (up to LONGEST_PAUSE)."""
    try:
        is_new = storage.store(report)
    except (InterfaceError, OperationalError) as error:
        measures.TASK_FAILURES.labels(type(error).__name__).inc()
        if self.request.is_eager:
            raise  # the client is waiting and gets the error
        pause = min(2**self.request.retries, LONGEST_PAUSE)
        raise self.retry(exc=error, countdown=pause) from error
    logger.info("run %s %s", report["run"], "stored" if is_new else "already stored")
