"""Posts a message: seconds for an answer, a few tries, and as long a pause as is bearable.

What went wrong is said without the address, which is a secret.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from towpath.core import http
from towpath.core.redaction import SECRETS
from towpath.operations.notify.notice import clean

# Seconds to connect and to wait for the answer; between tries; the longest that a server may ask.
TIMEOUT = (3.05, 5.0)
WAITS = (0.5, 1.0)
LONGEST_WAIT = 5.0
ATTEMPTS = 3
SHOWN = 120  # letters of an answer that is no success
MOST = 1 << 16  # bytes of an answer that are read
TOO_MANY, BROKEN = 429, 500

Sleep = Callable[[float], None]
Headers = Callable[[], Mapping[str, str]]


@dataclass(frozen=True)
class Attempted:
    """How a delivery ended: tries, the answer where it was a success, else what was wrong."""

    attempts: int
    content: bytes = b""
    problem: str = ""


@dataclass(frozen=True)
class _Try:
    """One try; `wait` is the seconds before the next one, None where another one cannot help."""

    content: bytes = b""
    problem: str = ""
    wait: float | None = None


def encoded(body: Mapping[str, Any]) -> bytes:
    """Return a JSON body as bytes."""
    return json.dumps(body).encode()


def post(
    url: str,
    body: bytes,
    headers: Headers,
    *,
    token: str = "",
    sleep: Sleep = time.sleep,
) -> Attempted:
    """Post a body until it is taken, at most ATTEMPTS times; `headers` are made for each try.

    A 429, a 5xx and a connection that was not made are tried again; a request that was sent and
    has no answer is not: it may have arrived.
    """
    for number in range(1, ATTEMPTS + 1):
        tried = _try(url, body, headers(), token)
        if not tried.problem:
            return Attempted(number, tried.content)
        if tried.wait is None or number == ATTEMPTS:
            break
        if tried.wait > LONGEST_WAIT:
            problem = f"{tried.problem}, asks to wait {tried.wait:.0f} s"
            return Attempted(number, problem=problem)
        sleep(max(tried.wait, WAITS[number - 1]))
    return Attempted(number, problem=tried.problem)


def _try(url: str, body: bytes, headers: Mapping[str, str], token: str) -> _Try:
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
        return _Try(problem=f"no answer within {TIMEOUT[1]:g} s")
    except requests.RequestException as error:
        # Its text has the address.
        return _Try(problem=type(error).__name__, wait=0.0)
    if 200 <= answer.status_code < 300:
        return _Try(content)
    said = clean(SECRETS.text(content[:4096].decode("utf-8", "replace")), SHOWN)
    problem = f"answered {answer.status_code}{': ' if said else ''}{said}"
    again = answer.status_code == TOO_MANY or answer.status_code >= BROKEN
    return _Try(problem=problem, wait=retry_after(answer.headers, time.time()) if again else None)


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
