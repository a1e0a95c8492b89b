"""Maintenance on purpose: the proxy answers every request with 503 until it is ended."""

from __future__ import annotations

from towpath.core.errors import ConfigurationError
from towpath.environments.environment import Site

# Seconds after which clients are told to ask again.
RETRY_AFTER = 300


def begin(site: Site, seconds: int = RETRY_AFTER) -> None:
    """Answer every request with 503 and a page, and so many seconds in Retry-After.

    Requests that a container has already are answered by it. A deployment goes on as ever behind
    the page. Raises CommandFailedError if the proxy does not run or does not answer, and
    ConfigurationError for a time that is none.
    """
    if seconds < 1:
        raise ConfigurationError(
            f"Clients cannot ask again after {seconds} s.", next_step="Use --retry-after=5m"
        )
    site.proxy.maintain(seconds)


def end(site: Site) -> None:
    """Let requests through again; where there is no maintenance, nothing is changed.

    Raises CommandFailedError if the proxy does not run or does not answer.
    """
    site.proxy.maintain(0)
