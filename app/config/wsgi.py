"""The entry point of gunicorn, and of the development server."""

import os
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Utf8Request(WSGIRequest):
    """A request that is decoded as UTF-8, whatever its Content-Type says.

    Django reads the address of a request by the charset of its body, before any middleware runs:
    a codec that is not for text would cause a server error.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            found = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (LookupError, ValueError):
            found = ("", {})
        self.content_type, self.content_params = found


application: WSGIHandler = get_wsgi_application()
application.request_class = Utf8Request
