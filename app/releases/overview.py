"""What runs where: the question the front page answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from releases.models import Deployment, EnvironmentName, Release, Status


@dataclass(frozen=True)
class Serving:
    """What an environment serves, since when, and whether the last attempt to change it failed."""

    environment: str
    release: Release | None = None
    since: datetime | None = None
    deployment: Deployment | None = None
    failed: Deployment | None = None


def serving() -> list[Serving]:
    """Return one line for each environment, in the order in which a release gets there."""
    return [_serving(name) for name in EnvironmentName.values]


def _serving(environment: str) -> Serving:
    attempts = Deployment.objects.filter(environment=environment)
    passed = attempts.filter(status=Status.PASSED)
    latest = passed.order_by("-at", "-pk").select_related("release").first()
    failed = attempts.exclude(status=Status.PASSED).order_by("-at", "-pk").first()
    if latest is None:
        return Serving(environment, failed=failed)
    return Serving(
        environment,
        release=latest.release,
        since=_since(latest),
        deployment=latest,
        failed=failed if failed and failed.at > latest.at else None,
    )


def _since(latest: Deployment) -> datetime:
    """Return when the release was put there; deploying it again where it runs does not count."""
    passed = Deployment.objects.filter(environment=latest.environment, status=Status.PASSED)
    other = passed.exclude(release=latest.release).order_by("-at", "-pk").first()
    same = passed.filter(release=latest.release)
    if other is not None:
        same = same.filter(at__gt=other.at)
    first = same.order_by("at", "pk").first()
    return first.at if first else latest.at
