"""Send the report of a run to the release dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from towpath.core import http
from towpath.core.errors import CommandFailedError

# Seconds to connect, seconds to wait for the answer.
TIMEOUT = (3.05, 10)
# The answer to a report that does not fit the dashboard's schema.
REFUSED = 422


def deliver(url: str, token: str, report: Mapping[str, Any]) -> None:
    """Post a report to `url`/api/runs/, authenticated by `token`; a repeated report is accepted.

    A dashboard on this machine is accessed without a proxy. An older one refuses a report for its
    links, and gets it once more without them. Raises CommandFailedError if the report could not be
    delivered, with the dashboard's answer.
    """
    status, said = _post(url, token, report)
    if status == REFUSED and "links" in report:
        plain = {key: row for key, row in report.items() if key != "links"}
        status, said = _post(url, token, plain)
    if status not in (200, 201, 202):
        raise CommandFailedError(
            f"Cannot deliver the report to the dashboard at {url}.",
            why=f"It answered {status}: {said[:300]}",
        )


def _post(url: str, token: str, report: Mapping[str, Any]) -> tuple[int, str]:
    """Return the status of the dashboard's answer and the start of its text."""
    try:
        with http.open_session(url, token) as door:
            place = f"{url.rstrip('/')}/api/runs/"
            options: dict[str, Any] = {"timeout": TIMEOUT, "allow_redirects": False}
            with door.post(place, json=report, stream=True, **options) as answer:
                return answer.status_code, http.start_of(answer).decode("utf-8", "replace")
    except requests.RequestException as error:
        raise CommandFailedError(
            f"Cannot deliver the report to the dashboard at {url}.", why=type(error).__name__
        ) from error
