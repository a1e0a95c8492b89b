"""The entry point of gunicorn answers a request by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from config.wsgi import application


# Django closes what an earlier request of this process has left open.
@pytest.mark.django_db
def test_the_application_answers() -> None:
    """Without the test client in between."""
    environ: dict[str, Any] = {"PATH_INFO": "/health/live", "QUERY_STRING": ""}
    setup_testing_defaults(environ)
    begun: list[str] = []

    def start(status: str, *_: Any) -> Callable[[bytes], object]:
        begun.append(status)
        return begun.__contains__

    body = b"".join(application(environ, start))

    assert begun == ["200 OK"]
    assert json.loads(body)["status"] == "ok"
