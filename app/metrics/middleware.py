"""Counts and times every request but health checks."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from metrics import measures

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""The label of an unknown method, and of an address without a view."""


class Requests:
    """Measures what the middleware and the views below it take to answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        with measures.IN_PROGRESS.track_inprogress():
            response = self.get_response(request)
        view = _view(request)
        method = request.method if request.method in METHODS else OTHER
        measures.LATENCY.labels(view).observe(time.perf_counter() - started)
        measures.REQUESTS.labels(view, method, str(response.status_code)).inc()
        return response


def _view(request: HttpRequest) -> str:
    """Return the name of the view in urls.py; what is refused or redirected before has none."""
    match = request.resolver_match
    return match.view_name if match and match.view_name else OTHER
