"""Which release of the dashboard this process is."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest


@dataclass(frozen=True)
class OwnRelease:
    """The identity that the image and the deployer gave to this process."""

    version: str
    commit: str
    digest: str
    environment: str


def own_release() -> OwnRelease:
    """Return this process's release as the settings know it."""
    return OwnRelease(
        version=settings.RELEASE_VERSION,
        commit=settings.RELEASE_COMMIT,
        digest=settings.RELEASE_DIGEST,
        environment=settings.ENVIRONMENT,
    )


def context(request: HttpRequest) -> dict[str, OwnRelease]:
    """Give every template `own`, for the page's footer."""
    return {"own": own_release()}
