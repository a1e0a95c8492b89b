"""Storing reports: accepting one for the queue, and writing its rows."""

from __future__ import annotations

import enum
from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from metrics import measures
from releases import pagecache
from releases.ingest import Report, Rows, fingerprint, rows
from releases.models import Deployment, Promotion, Receipt, Release, Run, StageResult


class Acceptance(enum.Enum):
    """The result of delivering a report."""

    NEW = "new"
    QUEUED_BEFORE = "queued before"
    STORED_BEFORE = "stored before"
    CONFLICT = "conflict"


def accept(report: Report, enqueue: Callable[[Report], None]) -> Acceptance:
    """Write a receipt for the report and enqueue it, both or neither.

    The receipt is inserted before the message is sent and committed after it. A worker that is
    faster than the commit waits on the receipt's key; a failing `enqueue` rolls the receipt back.
    A report with a receipt that is not stored yet is enqueued again, in case its message was lost.
    """
    sha256 = fingerprint(report)
    with transaction.atomic():
        receipt, is_new = Receipt.objects.get_or_create(
            run_id=UUID(report["run"]), defaults={"sha256": sha256}
        )
        if receipt.sha256 != sha256:
            return Acceptance.CONFLICT
        if Run.objects.filter(pk=receipt.pk).exists():
            return Acceptance.STORED_BEFORE
        enqueue(report)
    return Acceptance.NEW if is_new else Acceptance.QUEUED_BEFORE


def store(report: Report) -> bool:
    """Store a report in one transaction; return False if it is stored already.

    Raises ValueError if another report has this run id.
    """
    sha256 = fingerprint(report)
    with transaction.atomic():
        Receipt.objects.get_or_create(run_id=UUID(report["run"]), defaults={"sha256": sha256})
        # The lock makes a second worker with the same report wait, and then find the run.
        receipt = Receipt.objects.select_for_update().get(pk=report["run"])
        if receipt.sha256 != sha256:
            raise ValueError(f"run {receipt} was already accepted with another report")
        if Run.objects.filter(pk=receipt.pk).exists():
            return False
        _save(rows(report, receipt.received_at))
        transaction.on_commit(pagecache.forget)
    waited = (timezone.now() - receipt.received_at).total_seconds()
    measures.STORED.observe(max(0.0, waited))
    return True


def _save(found: Rows) -> None:
    found.run.save(force_insert=True)
    StageResult.objects.bulk_create(found.stages)
    Release.objects.bulk_create(found.releases, ignore_conflicts=True)
    for release in found.releases:
        if release.platforms:
            # The digest may have been stored by a promotion, which reports no platforms.
            Release.objects.filter(pk=release.pk, platforms=[]).update(
                version=release.version, platforms=release.platforms, sizes=release.sizes
            )
    Promotion.objects.bulk_create(found.promotions)
    Deployment.objects.bulk_create(found.deployments)
