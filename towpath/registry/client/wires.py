"""Which wire a request takes: that of this machine, or that of everywhere else."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from towpath.registry.client.urls import origin
from towpath.registry.client.wire import Response, Sending, Wire


class Wires:
    """Chooses the wire by where a URL leads, and makes each at its first use."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Take the environment, which names proxies and the company's certificates."""
        self._env = env
        self._made: dict[bool, Wire] = {}
        self._lock = threading.Lock()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: Sending) -> Response:
        """Send a request where it belongs.

        Raises RegistryRefusedError for an invalid address, and OSError.
        """
        near = origin(url).is_near
        with self._lock:
            if near not in self._made:
                self._made[near] = _loopback() if near else _elsewhere(self._env)
        return self._made[near].send(method, url, headers, body)


def _loopback() -> Wire:
    from towpath.registry.client.loopback import LoopbackTransport

    return LoopbackTransport()


def _elsewhere(env: Mapping[str, str]) -> Wire:
    from towpath.registry.client.https import HttpsTransport

    return HttpsTransport(env)
