"""Response headers that Django 5.2 does not set itself."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# The pages use one stylesheet and links, nothing else: no script, no frame, no form.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


class ContentSecurityPolicy:
    """Sets the Content-Security-Policy of every response, except Django's own debug pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_debug_page = settings.DEBUG and response.status_code >= 400
        if not is_debug_page:
            response.headers.setdefault("Content-Security-Policy", POLICY)
        # Health checks are answered before Django's own middleware could set this header.
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response
