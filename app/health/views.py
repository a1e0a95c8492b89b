"""The two answers to a probe."""

from __future__ import annotations

from dataclasses import asdict

from django.conf import settings
from django.http import JsonResponse

from config.release import own_release
from health import checks


def live() -> JsonResponse:
    """Report that this process answers, and its release; no service is checked."""
    return JsonResponse({"status": "ok", **asdict(own_release())})


def ready() -> JsonResponse:
    """Report whether every required service answers: 200, or 503 if one is down."""
    outcomes = checks.READINESS.latest(checks.CHECKS, settings.SERVICE_TIMEOUT)
    is_ready = all(outcome.status == "ok" for outcome in outcomes.values())
    return JsonResponse(
        {
            "status": "ok" if is_ready else "down",
            "checks": {name: asdict(outcome) for name, outcome in outcomes.items()},
        },
        status=200 if is_ready else 503,
    )
