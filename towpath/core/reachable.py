"""A quick check of which remote services can be reached."""

from __future__ import annotations

import time
from collections.abc import Iterable
from http import HTTPStatus
from threading import Thread

import requests

from towpath.core import http

# Seconds to connect to one address of a host, and to wait for the first byte of the answer.
CONNECT, ANSWER = 1.2, 0.4
PATIENCE = 2.9  # seconds in all, also where a name is not resolved
REFUSALS = frozenset(range(400, 500)) - {HTTPStatus.TOO_MANY_REQUESTS}


def unreachable(addresses: Iterable[str]) -> dict[str, str]:
    """Return which of these addresses cannot be asked, and why; all are tried at the same time.

    One that connects is reachable, however slowly it answers; one that refuses to answer is not.
    It takes at most PATIENCE seconds.
    """
    found: dict[str, str] = dict.fromkeys(addresses, f"No connection within {PATIENCE:g} s.")
    threads = [
        Thread(target=_try, args=(address, found), name="reach", daemon=True) for address in found
    ]
    deadline = time.monotonic() + PATIENCE
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    # A late thread writes into a dictionary that is no longer used.
    return {address: reason for address, reason in list(found.items()) if reason}


def _try(address: str, found: dict[str, str]) -> None:
    try:
        with (
            http.open_session(address) as client,
            client.get(address, timeout=(CONNECT, ANSWER), stream=True) as answer,
        ):
            code = answer.status_code
            found[address] = f"It answered with status {code}." if code in REFUSALS else ""
    except requests.ReadTimeout:
        found[address] = ""
    except requests.RequestException as error:
        found[address] = f"{type(error).__name__}."
