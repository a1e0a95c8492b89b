"""Posts a message: seconds for an answer, a few tries, and as long a pause as is bearable.

What went wrong is said without the address, which is a secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from towpath.core import http
from towpath.core.backoff import Backoff, with_retry
from towpath.core.clock import SYSTEM
from towpath.core.redaction import SECRETS
from towpath.operations.notify.notice import clean

# Seconds to connect and to wait for the answer; the longest that a server may ask for.
TIMEOUT = (3.05, 5.0)
LONGEST_WAIT = 5.0
BACKOFF = Backoff(first=0.5, attempts=3)
SHOWN = 120  # letters of an answer that is no success
MOST = 1 << 16  # bytes of an answer that are read
TOO_MANY, BROKEN = 429, 500

Headers = Callable[[], Mapping[str, str]]


@dataclass(frozen=True)
class Attempted:
    """How a delivery ended: tries, the answer where it was a success, else what was wrong."""

    attempts: int
    content: bytes = b""
    problem: str = ""


class _NotTakenError(Exception):
    """A try that failed; `wait` is the least seconds before the next, None where none can help."""

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.wait = wait


def encoded(body: Mapping[str, Any]) -> bytes:
    """Return a JSON body as bytes."""
    return json.dumps(body).encode()


def post(
    url: str,
    body: bytes,
    headers: Headers,
    *,
    token: str = "",
    backoff: Backoff | None = None,
) -> Attempted:
    """Post a body until it is taken, as often as `backoff` says; each try has `headers` of its own.

    A 429, a 5xx and a connection that fails are tried again; a request that was sent and has no
    answer is not: it may have arrived.
    """
    tries = 0

    def act() -> bytes:
        nonlocal tries
        tries += 1
        return _try(url, body, headers(), token)

    try:
        content = with_retry(act, _may_pass, backoff or BACKOFF, at_least=_asked_for)
    except _NotTakenError as error:
        return Attempted(tries, problem=error.problem)
    return Attempted(tries, content)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, _NotTakenError) and error.wait is not None


def _asked_for(error: Exception) -> float:
    """Return the seconds that a server asked for; raises the error where they are too many."""
    wait = error.wait or 0.0 if isinstance(error, _NotTakenError) else 0.0
    if wait > LONGEST_WAIT:
        raise _NotTakenError(f"{error}, asks to wait {wait:.0f} s")
    return wait


def _try(url: str, body: bytes, headers: Mapping[str, str], token: str) -> bytes:
    try:
        with http.open_session(url, token or None) as door:
            sent = {"Content-Type": "application/json; charset=utf-8", **headers}
            with door.post(
                url,
                data=body,
                headers=sent,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = _start_of(answer)
    except requests.ReadTimeout:
        raise _NotTakenError(f"no answer within {TIMEOUT[1]:g} s") from None
    except requests.RequestException as error:
        # Its text has the address.
        raise _NotTakenError(type(error).__name__, 0.0) from None
    if 200 <= answer.status_code < 300:
        return content
    said = clean(SECRETS.text(content[:4096].decode("utf-8", "replace")), SHOWN)
    problem = f"answered {answer.status_code}{': ' if said else ''}{said}"
    again = answer.status_code == TOO_MANY or answer.status_code >= BROKEN
    wait = retry_after(answer.headers, SYSTEM.now()) if again else None
    raise _NotTakenError(problem, wait)


def _start_of(answer: requests.Response) -> bytes:
    found = b""
    for piece in answer.iter_content(4096):
        found += piece
        if len(found) > MOST:
            break
    return found


def retry_after(headers: Mapping[str, str], now: float) -> float:
    """Return the seconds that a server wants to be left alone, 0 where it does not say.

    It says seconds, Discord with a fraction, or a date. Source: RFC 9110, "Retry-After".
    """
    text = headers.get("Retry-After", "").strip()
    if text.replace(".", "", 1).isdecimal() and len(text) < 20:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return 0.0
