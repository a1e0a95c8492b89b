"""Everything that is not on this machine, through `requests`: TLS, proxies, certificates."""

from __future__ import annotations

from collections.abc import Mapping

import requests
from urllib3.exceptions import HTTPError

from towpath.clients.registry.wire import CONNECT, SILENCE, Answer


class Elsewhere:
    """A wire that verifies who is at its other end."""

    def __init__(self) -> None:
        self._session = requests.Session()

    def close(self) -> None:
        """Let go of its connections."""
        self._session.close()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request; bytes come as they are stored, never unpacked on the way."""
        try:
            answer = self._session.request(
                method,
                url,
                headers={"Accept-Encoding": "identity", **headers},
                data=body or None,
                # Ours or none: without it requests would look into ~/.netrc.
                auth=lambda request: request,
                timeout=(CONNECT, SILENCE),
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            raise ConnectionError(str(error).rpartition(": ")[2].strip(")>'\"")) from error
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(url, answer.status_code, answer.reason, found, _Streamed(answer))


class _Streamed:
    def __init__(self, answer: requests.Response) -> None:
        self._answer = answer

    def read(self, size: int) -> bytes:
        try:
            return bytes(self._answer.raw.read(size, decode_content=False))
        except HTTPError as error:
            self.close()
            raise ConnectionError(str(error)) from error

    def close(self) -> None:
        self._answer.close()
