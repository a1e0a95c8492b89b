"""The door that tells soon whether somebody far away can be asked at all."""

from __future__ import annotations

import time
from collections.abc import Iterable
from http import HTTPStatus
from threading import Thread

import requests

from towpath.core import http

# Seconds for one address of a host, and two of them; whoever has connected may answer slowly.
CONNECT, ANSWER = 1.2, 0.4
PATIENCE = 2.9  # seconds in all, also where a name is not resolved
REFUSALS = frozenset(range(400, 500)) - {HTTPStatus.TOO_MANY_REQUESTS}


def unreachable(addresses: Iterable[str]) -> dict[str, str]:
    """Return which of these addresses cannot be asked, and why; all are tried at the same time.

    One that connects is reachable, however slowly it answers; one that refuses to answer is not.
    It takes PATIENCE at most.
    """
    found: dict[str, str] = dict.fromkeys(addresses, f"It was not reached within {PATIENCE:g} s.")
    threads = [
        Thread(target=_try, args=(address, found), name="reach", daemon=True) for address in found
    ]
    deadline = time.monotonic() + PATIENCE
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    # A thread that is late writes into what nobody reads any more.
    return {address: reason for address, reason in list(found.items()) if reason}


def _try(address: str, found: dict[str, str]) -> None:
    try:
        with (
            http.open_session(address) as client,
            client.get(address, timeout=(CONNECT, ANSWER), stream=True) as answer,
        ):
            code = answer.status_code
            found[address] = f"It answered with {code}." if code in REFUSALS else ""
    except requests.ReadTimeout:
        found[address] = ""
    except requests.RequestException as error:
        found[address] = f"{type(error).__name__}."
