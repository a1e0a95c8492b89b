"""Which release runs in which environment, and what waits for a person, for the front page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from releases.models import (
    Deployment,
    EnvironmentName,
    PromotedTag,
    Promotion,
    Release,
    StageResult,
    Status,
)


@dataclass(frozen=True)
class Serving:
    """The release of an environment, since when, and the last failed attempt to replace it.

    `monitor` is the stage of the same run that watched the environment afterwards.
    """

    environment: str
    release: Release | None = None
    since: datetime | None = None
    deployment: Deployment | None = None
    failed: Deployment | None = None
    monitor: StageResult | None = None


@dataclass(frozen=True)
class Waiting:
    """A release that goes no further by itself: what it waits for, since when, the command."""

    release: Release
    what: str
    since: datetime
    command: str
    run_id: object


# By when it happened; a report may come in long afterwards, and none is of the future.
LATEST_FIRST = ("-at", "-run__receipt__received_at", "-pk")
MONITOR = "monitor"
# Where a release goes that has a tag.
ENVIRONMENTS = {
    PromotedTag.TEST: EnvironmentName.STAGING,
    PromotedTag.RELEASE: EnvironmentName.PRODUCTION,
}


def serving() -> list[Serving]:
    """Return the state of each environment, in the order in which a release reaches them."""
    found = [_serving(name) for name in EnvironmentName.values]
    runs = [row.deployment.run_id for row in found if row.deployment]
    watched = {
        (stage.run_id, stage.facts.get("environment")): stage
        for stage in StageResult.objects.filter(name=MONITOR, run_id__in=runs)
    }
    return [
        (
            replace(row, monitor=watched.get((row.deployment.run_id, row.environment)))
            if row.deployment and not row.deployment.is_rollback
            else row
        )
        for row in found
    ]


def waiting(places: Iterable[Serving]) -> list[Waiting]:
    """Return the releases that need a person to go on; `places` are those of `serving`."""
    promoted = {tag: _promoted(tag) for tag in ENVIRONMENTS}
    serves = {row.environment: row for row in places}
    found = []
    for tag, environment in ENVIRONMENTS.items():
        latest = promoted[tag]
        if latest and not _deployed_since(latest, serves[environment]):
            command = f"invoke deploy --environment={environment} --digest={latest.release_id}"
            found.append(_waits(latest, f"deployment to {environment}", command))
    test = promoted[PromotedTag.TEST]
    # One that staging does not run cannot be promoted: its verification there is missing.
    if test and _serves(serves[EnvironmentName.STAGING], test) and _is_newer(test, promoted):
        command = f"invoke promote-release --digest={test.release_id}"
        found.append(_waits(test, "approval: promotion to release, in CI", command))
    return found


def _is_newer(test: Promotion, promoted: Mapping[PromotedTag, Promotion | None]) -> bool:
    """Tell whether a promotion to test came after the last one to release."""
    release = promoted[PromotedTag.RELEASE]
    return release is None or release.at < test.at


def _waits(promotion: Promotion, what: str, command: str) -> Waiting:
    return Waiting(promotion.release, what, promotion.at, command, promotion.run_id)


def _serves(place: Serving, promotion: Promotion) -> bool:
    return place.release is not None and place.release.pk == promotion.release_id


def _promoted(tag: str) -> Promotion | None:
    found = Promotion.objects.filter(tag=tag).select_related("release")
    return found.order_by(*LATEST_FIRST).first()


def _deployed_since(promotion: Promotion, place: Serving) -> bool:
    """Tell whether an environment runs a release, or got one after it was promoted."""
    latest = place.deployment
    return latest is not None and (
        latest.release_id == promotion.release_id or latest.at > promotion.at
    )


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
    other = passed.exclude(release=latest.release).order_by(*LATEST_FIRST).first()
    same = passed.filter(release=latest.release)
    if other is not None:
        same = same.filter(Q(at__gt=other.at) | Q(at=other.at, pk__gt=other.pk))
    first = same.order_by("at", "pk").first()
    return first.at if first else latest.at


def _place(deployment: Deployment) -> tuple[datetime, datetime, int]:
    """Return the sort key of a deployment."""
    return deployment.at, deployment.run.receipt.received_at, deployment.pk
