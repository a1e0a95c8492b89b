"""What goes wrong at a registry, each with the error that says whether a retry may help."""

from __future__ import annotations

from collections.abc import Callable

from towpath.core import documents
from towpath.core.errors import (
    DigestMismatchError,
    RegistryError,
    RegistryFailingError,
    RegistryNetworkError,
    RegistryNotFoundError,
    RegistryRateLimitedError,
    RegistryRefusedError,
    RegistryUnauthorizedError,
)
from towpath.registry.client import urls
from towpath.registry.client.wire import Response

WRONG_DIGEST = "DIGEST_INVALID"
# What is read of an answer that is none, and what is shown of it: somebody else wrote it.
MOST_READ, MOST_SHOWN = 65536, 300


def refused(answer: Response, registry: str, now: Callable[[], float]) -> RegistryError:
    """Return the error of an answer that is none we wanted; `now` is the time in seconds."""
    home = urls.shown(answer.url).partition("://")[2].partition("/")
    what = f"{registry} answered {answer.status} for /{home[2]}."
    why = error_text(answer)
    answer.close()
    if answer.status in (401, 403):
        return RegistryUnauthorizedError(
            what, why=why, next_step="Log in with `invoke registry.login`."
        )
    if answer.status == 404:
        return RegistryNotFoundError(what, why=why)
    if answer.status == 429:
        limited = RegistryRateLimitedError(what, why=why, next_step="Try again later.")
        limited.seconds = retry_after(answer, now)
        return limited
    if answer.status >= 500:
        failing = RegistryFailingError(
            what,
            why=why,
            next_step="Look at the registry's log and its disk; then run the command again.",
        )
        failing.seconds = retry_after(answer, now)
        return failing
    if WRONG_DIGEST in why and answer.status == 400:
        return DigestMismatchError(what, why=why)
    if location := answer.headers.get("location", "") if answer.status < 400 else "":
        why = f"It redirects to {urls.shown(location)}."
    error = RegistryRefusedError(what, why=why)
    error.status = answer.status
    return error


def unreachable(registry: str, error: OSError) -> RegistryNetworkError:
    """Return the error of a connection that was not made, or broke."""
    return RegistryNetworkError(
        f"The registry {registry} cannot be reached.",
        why=f"{type(error).__name__}: {str(error).rpartition('] ')[2] or 'no further details'}",
        next_step="Start it with `invoke registry.start`, or set another in TOWPATH_REGISTRY.",
    )


def mismatch(name: str, registry: str, seen: str) -> DigestMismatchError:
    """Return the error of bytes that do not have the digest that was asked for."""
    return DigestMismatchError(
        f"{registry} served other content for {name}.", why=f"Its digest is {seen}."
    )


def error_text(answer: Response) -> str:
    """Return the registry's own words, without the page of a proxy in between."""
    try:
        rows = documents.loads(answer.document(MOST_READ)).get("errors") or []
        return _line("; ".join(f"{row['code']}: {row.get('message', '')}" for row in rows))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _line(answer.reason or "")


def _line(text: str) -> str:
    """Return what may be shown: one line of moderate length, without control letters."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * MOST_SHOWN])
    return f"{shown[:MOST_SHOWN]}..." if len(shown) > MOST_SHOWN else shown


def retry_after(answer: Response, now: Callable[[], float]) -> float:
    """Return for how many seconds the registry wants to be left alone; 0 where it does not say.

    It says seconds or a date; a date is held against the registry's own clock, if it shows one.
    Source: RFC 9110, "Retry-After".
    """
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    wanted = _time(text)
    if wanted is None:
        return 0.0
    shown = _time(answer.headers.get("date", ""))
    return max(0.0, wanted - (now() if shown is None else shown))


def _time(text: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
