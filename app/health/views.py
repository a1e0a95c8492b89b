"""The two answers to a probe."""

from __future__ import annotations

from dataclasses import asdict

from django.conf import settings
from django.http import JsonResponse

from config.release import own_release
from health import checks


def live() -> JsonResponse:
    """Say that this process answers, and which release it is; asks no service."""
    return JsonResponse({"status": "ok", **asdict(own_release())})


def ready() -> JsonResponse:
    """Say whether every service this process needs answers: 200, or 503 where one is down."""
    outcomes = checks.READINESS.latest(checks.CHECKS, settings.SERVICE_TIMEOUT)
    is_ready = all(outcome.status == "ok" for outcome in outcomes.values())
    return JsonResponse(
        {
            "status": "ok" if is_ready else "down",
            "checks": {name: asdict(outcome) for name, outcome in outcomes.items()},
        },
        status=200 if is_ready else 503,
    )
