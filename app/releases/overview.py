"""Which release runs in which environment, for the front page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from releases.models import Deployment, EnvironmentName, Release, Status


@dataclass(frozen=True)
class Serving:
    """The release of an environment, since when, and the last failed attempt to replace it."""

    environment: str
    release: Release | None = None
    since: datetime | None = None
    deployment: Deployment | None = None
    failed: Deployment | None = None


# The order is by the time of receipt, not by the times in the reports.
LATEST_FIRST = ("-run__receipt__received_at", "-pk")
RECEIVED = "run__receipt__received_at"


def serving() -> list[Serving]:
    """Return the state of each environment, in the order in which a release reaches them."""
    return [_serving(name) for name in EnvironmentName.values]


def _serving(environment: str) -> Serving:
    attempts = Deployment.objects.filter(environment=environment).select_related("run__receipt")
    passed = attempts.filter(status=Status.PASSED)
    latest = passed.order_by(*LATEST_FIRST).select_related("release", "run__receipt").first()
    failed = attempts.exclude(status=Status.PASSED).order_by(*LATEST_FIRST).first()
    if latest is None:
        return Serving(environment, failed=failed)
    return Serving(
        environment,
        release=latest.release,
        since=_since(latest),
        deployment=latest,
        failed=failed if failed and _place(failed) > _place(latest) else None,
    )


def _since(latest: Deployment) -> datetime:
    """Return when the release was first deployed there; deploying it again does not count."""
    passed = Deployment.objects.filter(environment=latest.environment, status=Status.PASSED)
    passed = passed.select_related("run__receipt")
    other = passed.exclude(release=latest.release).order_by(*LATEST_FIRST).first()
    same = passed.filter(release=latest.release)
    if other is not None:
        when = other.run.receipt.received_at
        same = same.filter(Q(**{f"{RECEIVED}__gt": when}) | Q(**{RECEIVED: when}, pk__gt=other.pk))
    first = same.order_by(RECEIVED, "pk").first()
    return first.at if first else latest.at


def _place(deployment: Deployment) -> tuple[datetime, int]:
    """Return the sort key of a deployment."""
    return deployment.run.receipt.received_at, deployment.pk
