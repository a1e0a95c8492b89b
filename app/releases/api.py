"""`POST /api/runs/`: where the pipeline delivers its reports."""

from __future__ import annotations

import logging
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from amqp.exceptions import AMQPError, MessageNacked
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError as BrokerError

from config.methods import takes
from releases.ingest import NotAReport, NotJson, Report, parse, refuse_future
from releases.storage import Acceptance, accept
from releases.tasks import store_report

logger = logging.getLogger(__name__)

RETRY_AFTER = 10  # seconds
# Seconds that the broker has to confirm that it has the message.
PUBLISHING: dict[str, Any] = {"confirm_timeout": 3}


class Refusal(Exception):
    """Why a report is refused, as the status and body of the response."""

    def __init__(self, status: HTTPStatus, error: str, **more: object) -> None:
        super().__init__(error)
        self.status, self.body = status, {"error": error, **more}


@takes("POST")
@csrf_exempt  # no cookies are used: the client sends a token
@require_POST
def runs(request: HttpRequest) -> JsonResponse:
    """Accept a report: 202 if new, 200 if known, 409 if this run id has another report."""
    try:
        _check_caller(request)
        report = _read(request)
        acceptance = _accept(report)
    except Refusal as refusal:
        response = JsonResponse(refusal.body, status=refusal.status)
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            response["WWW-Authenticate"] = "Bearer"
        if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
            response["Retry-After"] = str(RETRY_AFTER)
        return response
    return JsonResponse(
        {"id": report["run"]},
        status=HTTPStatus.ACCEPTED if acceptance is Acceptance.NEW else HTTPStatus.OK,
        headers={"Location": reverse("run", args=[report["run"]])},
    )


def _check_caller(request: HttpRequest) -> None:
    if not settings.INGEST_TOKEN:
        if settings.ENVIRONMENT == "development":
            return
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "this dashboard accepts no reports: set INGEST_TOKEN or INGEST_TOKEN_FILE "
            "and restart it",
        )
    if len(settings.INGEST_TOKEN) < settings.INGEST_TOKEN_SHORTEST:
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "this dashboard accepts no reports: its token is too short, "
            f"set one of at least {settings.INGEST_TOKEN_SHORTEST} characters",
        )
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token, settings.INGEST_TOKEN):
        raise Refusal(
            HTTPStatus.UNAUTHORIZED, "send the ingest token as `Authorization: Bearer <token>`"
        )


def _read(request: HttpRequest) -> Report:
    if request.content_type != "application/json":
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
    try:
        report = parse(request.body)
        refuse_future(report, timezone.now())
    except RequestDataTooBig:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raise Refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a report may have at most {limit} bytes"
        ) from None
    except NotJson as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"not a JSON document: {error}") from None
    except NotAReport as error:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "the document does not match the schema of a report",
            problems=[asdict(problem) for problem in error.problems],
        ) from None
    return report


def _accept(report: Report) -> Acceptance:
    try:
        acceptance = accept(report, _enqueue)
    except (BrokerError, AMQPError, MessageNacked, OSError) as error:
        logger.error("run %s not queued: %r", report["run"], error)
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the queue does not answer") from error
    except (InterfaceError, OperationalError) as error:
        logger.error("run %s not accepted: %r", report["run"], error)
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the database does not answer") from error
    if acceptance is Acceptance.CONFLICT:
        raise Refusal(
            HTTPStatus.CONFLICT, f"another report was already accepted as run {report['run']}"
        )
    return acceptance


def _enqueue(report: Report) -> None:
    store_report.apply_async(args=(report,), **PUBLISHING)
