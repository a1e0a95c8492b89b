"""Which requests to a registry are tried again, how often, and after how long.

Pushes, pulls and questions alike: a broken connection, 429 and 5xx may pass; nothing else does. A
registry that asks for more time than LONGEST_WAIT is not asked again.
"""

from __future__ import annotations

from towpath.core.backoff import UNLIMITED, Backoff
from towpath.core.errors import (
    DigestMismatchError,
    RegistryNetworkError,
    RegistryNotFoundError,
    RegistryRateLimitedError,
    RegistryRefusedError,
)

# HTTP 416: a registry has other bytes of an upload than we sent.
OUT_OF_STEP = 416
RETRY = Backoff(first=0.25, attempts=5)
# Seconds that a registry may ask to be left alone for.
LONGEST_WAIT = 30.0
# Until what was put has to be shown: some registries answer from a copy of themselves.
SHOWN = Backoff(first=0.25, longest=2.0, attempts=UNLIMITED, deadline=10.0)


def may_pass(error: Exception) -> bool:
    """Tell whether an error may pass by itself: a broken connection, a limit of requests, a 5xx."""
    return isinstance(error, (RegistryRateLimitedError, RegistryNetworkError))


def may_be_sent_again(error: Exception) -> bool:
    """Tell whether an error may pass, or the registry lost the upload, which can begin again."""
    lost = isinstance(error, RegistryNotFoundError) or (
        isinstance(error, RegistryRefusedError) and error.status == OUT_OF_STEP
    )
    return lost or may_pass(error)


def may_be_shown_later(error: Exception) -> bool:
    """Tell whether what was put may be shown after a moment: it is missing, or still another."""
    return isinstance(error, (RegistryNotFoundError, DigestMismatchError))


def asked_wait(error: Exception) -> float:
    """Return for how many seconds a registry asks to be left alone; raises where it is too long.

    The error that is raised is the registry's own, which then names the seconds.
    """
    if not isinstance(error, (RegistryRateLimitedError, RegistryNetworkError)):
        return 0.0
    if error.seconds > LONGEST_WAIT:
        error.next_step = f"The registry asks to wait {error.seconds:.0f} s; try again after that."
        raise error
    return error.seconds
