"""Everything that is not on this machine, through `requests`: TLS, proxies, certificates."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from towpath.registry.client.proxies import proxy
from towpath.registry.client.urls import origin
from towpath.registry.client.wire import CONNECT, SILENCE, Response, Sending

# Where `requests` itself looks for the certificates of a company.
AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class _Timed:
    """A connection whose answer begins in time: the library has a time for each line of a head."""

    sock: socket.socket | None
    _late = False

    def getresponse(self) -> HTTPResponse:
        """Return the head of an answer; the connection ends where that takes too long."""
        timer = threading.Timer(SILENCE, self._end)
        timer.daemon = True
        timer.start()
        try:
            found: HTTPResponse = super().getresponse()  # type: ignore[misc]
        finally:
            timer.cancel()
        if self._late:
            # The library takes half a head for a whole one.
            found.close()
            raise TimeoutError("the response is too slow")
        return found

    def _end(self) -> None:
        self._late = True
        with suppress(OSError):
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)


class _Plain(_Timed, HTTPConnection):  # type: ignore[misc]
    """Plain HTTP, which only a proxy is asked by."""


class _Tls(_Timed, HTTPSConnection):  # type: ignore[misc]
    """Verified TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class _Adapter(HTTPAdapter):
    """Makes connections of these kinds, with and without a proxy."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
        return manager


class HttpsTransport:
    """A wire that verifies who is at its other end."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        """Take the environment: of it only the proxies and the certificates count."""
        self._env = dict(env or {})
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter())
        # Else ~/.netrc would replace our login, and a proxy see what stays on this machine.
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        bundle = next((self._env[name] for name in AUTHORITIES if self._env.get(name)), "")
        self._verify: bool | str = bundle or True

    def close(self) -> None:
        """Let go of its connections."""
        self._session.close()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: Sending) -> Response:
        """Send a request; bytes come as they are stored, never unpacked on the way.

        Raises RegistryRefusedError for an invalid address, and OSError.
        """
        through = proxy(self._env, origin(url))
        try:
            answer = self._session.request(
                method,
                url,
                headers={"Accept-Encoding": "identity", **headers},
                data=body or None,
                timeout=(CONNECT, SILENCE),
                allow_redirects=False,
                stream=True,
                verify=self._verify,
                proxies={"http": through, "https": through} if through else None,
            )
        except requests.RequestException as error:
            raise ConnectionError(_reason(error)) from error
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Response(url, answer.status_code, answer.reason or "", found, _Streamed(answer))


def _reason(error: Exception) -> str:
    """Return the last words of an error: before them are addresses, maybe with a password."""
    return str(error).rpartition(": ")[2].rpartition("@")[2].strip(")>'\"")


class _Streamed:
    def __init__(self, answer: requests.Response) -> None:
        self._answer = answer

    def read(self, size: int) -> bytes:
        try:
            # What is here, and not only when `size` is: a slow answer is noticed.
            return bytes(self._answer.raw.read1(size, decode_content=False))
        except HTTPError as error:
            self.close()
            raise ConnectionError(_reason(error)) from error

    def close(self) -> None:
        self._answer.close()
