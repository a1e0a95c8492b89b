"""Everything that is not on this machine, through `requests`: TLS, proxies, certificates."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy

import requests
from urllib3.exceptions import HTTPError

from towpath.clients.registry.proxies import proxy
from towpath.clients.registry.urls import origin
from towpath.clients.registry.wire import CONNECT, SILENCE, Answer, Sending

# Where `requests` itself looks for the certificates of a company.
AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Elsewhere:
    """A wire that verifies who is at its other end."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        """Take the environment: of it only the proxies and the certificates count."""
        self._env = dict(env or {})
        self._session = requests.Session()
        # Else ~/.netrc would replace our login, and a proxy see what stays on this machine.
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        bundle = next((self._env[name] for name in AUTHORITIES if self._env.get(name)), "")
        self._verify: bool | str = bundle or True

    def close(self) -> None:
        """Let go of its connections."""
        self._session.close()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: Sending) -> Answer:
        """Send a request; bytes come as they are stored, never unpacked on the way."""
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
        return Answer(url, answer.status_code, answer.reason or "", found, _Streamed(answer))


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
