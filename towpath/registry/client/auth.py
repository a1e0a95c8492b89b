"""How a registry lets us in: anonymous, with a password, or with tokens that end and are renewed.

Source: distribution's "Token Authentication" and "OAuth2 Token Authentication".
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from towpath.core import documents
from towpath.core.errors import RegistryRefusedError, RegistryUnauthorizedError
from towpath.core.redaction import SECRETS
from towpath.registry.client import urls
from towpath.registry.client.credentials import Credentials, LoginSource
from towpath.registry.client.headers import challenges
from towpath.registry.client.wire import DOCUMENT, Response

Send = Callable[[str, str, Mapping[str, str], bytes], Response]
CLIENT = "towpath"
# Nothing that could end a header, and a length that every server takes.
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")


class Access:
    """The Authorization header of one repository; threads share it."""

    def __init__(
        self,
        registry: str,
        *,
        is_loopback: bool,
        find: Callable[[], LoginSource],
        send: Send,
    ) -> None:
        """Take how credentials are found: that is done at the first challenge, and once."""
        self.header = ""
        self.authenticated = False
        self._registry = registry
        self._is_loopback = is_loopback
        self._find = find
        self._send = send
        self._lock = threading.RLock()
        self._found: list[LoginSource] = []

    def answer(self, used: str, challenge: str) -> int | None:
        """Answer a challenge to a request that was sent with the header `used`.

        Returns how many logins that took, 0 where another thread had renewed it, and None where
        there is nothing new to try. Raises RegistryUnauthorizedError if the token server is not
        safe or returns no token, or a credential helper fails.
        """
        with self._lock:
            if self.header != used:
                return 0
            # The first of each kind; others, as Negotiate, are for other clients.
            known = {row.scheme: row.parameters for row in reversed(challenges(challenge))}
            if known.get("bearer", {}).get("realm"):
                self.header = f"Bearer {self._token(known['bearer'])}"
                self.authenticated = self._credentials() is not None
            elif "basic" in known and (found := self._credentials()) and found.user:
                self.header, self.authenticated = found.basic, True
            return 1 if self.header != used else None

    @property
    def login(self) -> LoginSource:
        """What is known of credentials, once they were looked up; before that, nothing."""
        return self._found[0] if self._found else LoginSource()

    @property
    def problem(self) -> str:
        """Why there are no credentials, where that is not because nobody gave any."""
        return self.login.problem

    def _credentials(self) -> Credentials | None:
        if not self._found:
            self._found.append(self._find())
        return self._found[0].credentials

    def _token(self, challenge: Mapping[str, str]) -> str:
        realm = self.trusted(challenge.get("realm", ""))
        wanted = {key: challenge[key] for key in ("service", "scope") if key in challenge}
        found = self._credentials()
        if found and found.registry_token:
            return found.registry_token
        if found and found.identity_token:
            answer = self._exchange(realm, wanted, found.identity_token)
        else:
            answer = self._request(realm, wanted, found)
        return self._read(answer, realm)

    def _exchange(self, realm: str, wanted: Mapping[str, str], identity_token: str) -> Response:
        """Ask for a token with one that lasts longer: OAuth2's refresh."""
        form = {
            **wanted,
            "grant_type": "refresh_token",
            "client_id": CLIENT,
            "refresh_token": identity_token,
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", realm, kind, urlencode(form).encode())

    def _request(
        self, realm: str, wanted: Mapping[str, str], found: Credentials | None
    ) -> Response:
        """Ask for a token with a password, or as anybody."""
        joint = "&" if urlsplit(realm).query else "?"
        place = f"{realm}{joint}{urlencode(wanted)}" if wanted else realm
        own = {"Authorization": found.basic} if found else {}
        return self._send("GET", place, own, b"")

    def _read(self, answer: Response, realm: str) -> str:
        try:
            body: Any = documents.loads(answer.content, DOCUMENT)
            token = body.get("token") or body.get("access_token")
        except (OSError, ValueError, AttributeError):
            token = None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise RegistryUnauthorizedError(
                f"Token server {urls.shown(realm)} returned no token for {self._registry}.",
                next_step="Log in with `invoke registry.login`.",
            )
        SECRETS.hide(token)
        return token

    def trusted(self, realm: str) -> str:
        """Return where tokens come from; raises RegistryUnauthorizedError unless that is safe.

        It may be another host: the protocol lets a registry name one, as Docker Hub does, and only
        the registry itself is asked for it, over verified TLS.
        """
        try:
            to = urls.origin(realm)
        except RegistryRefusedError as error:
            raise RegistryUnauthorizedError(error.what, why=error.why) from error
        if to.scheme == "https" or (to.is_near and self._is_loopback):
            return realm
        raise RegistryUnauthorizedError(
            f"{self._registry} requests a token from {urls.shown(realm)}.",
            why="Credentials are sent over HTTPS only.",
        )
