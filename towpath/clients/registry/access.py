"""How a registry lets us in: anonymous, with a password, or with tokens that end and are renewed.

Source: distribution's "Token Authentication" and "OAuth2 Token Authentication".
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from towpath.clients.registry.credentials import Credentials
from towpath.clients.registry.wire import Answer
from towpath.errors import RegistryUnauthorizedError
from towpath.redaction import SECRETS

Send = Callable[[str, str, Mapping[str, str], bytes], Answer]
CLIENT = "towpath"
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class Access:
    """The Authorization header of one repository; threads share it."""

    def __init__(
        self,
        registry: str,
        *,
        is_loopback: bool,
        find: Callable[[], Credentials | None],
        send: Send,
    ) -> None:
        """Take how credentials are found: that is done at the first challenge, and once."""
        self.header = ""
        self._registry = registry
        self._is_loopback = is_loopback
        self._find = find
        self._send = send
        self._lock = threading.RLock()
        self._found: list[Credentials | None] = []

    @property
    def is_logged_in(self) -> bool:
        """Whether the registry let us in with credentials, and not as anybody."""
        return bool(self.header and self._found and self._found[0])

    def answer(self, used: str, challenge: str) -> int | None:
        """Answer a challenge to a request that was sent with the header `used`.

        Returns how many logins that took, 0 where another thread had renewed it, and None where
        there is nothing new to try.
        """
        with self._lock:
            if self.header != used:
                return 0
            scheme, _, rest = challenge.partition(" ")
            if scheme.lower() == "bearer":
                self.header = f"Bearer {self._token(dict(_CHALLENGE.findall(rest)))}"
            elif scheme.lower() == "basic" and (found := self._credentials()):
                self.header = found.basic
            return 1 if self.header != used else None

    def _credentials(self) -> Credentials | None:
        if not self._found:
            self._found.append(self._find())
        return self._found[0]

    def _token(self, challenge: Mapping[str, str]) -> str:
        realm = self.trusted(challenge.get("realm", ""))
        wanted = {key: challenge[key] for key in ("service", "scope") if key in challenge}
        found = self._credentials()
        if found and found.identity_token:
            form = {
                **wanted,
                "grant_type": "refresh_token",
                "client_id": CLIENT,
                "refresh_token": found.identity_token,
            }
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = self._send("POST", realm, kind, urlencode(form).encode())
        else:
            joint = "&" if urlsplit(realm).query else "?"
            place = f"{realm}{joint}{urlencode(wanted)}" if wanted else realm
            own = {"Authorization": found.basic} if found else {}
            answer = self._send("GET", place, own, b"")
        return self._read(answer, realm)

    def _read(self, answer: Answer, realm: str) -> str:
        try:
            body: Any = json.loads(answer.content)
            token = body.get("token") or body.get("access_token")
        except (ValueError, AttributeError):
            token = None
        if not token:
            raise RegistryUnauthorizedError(
                f"{self._registry} sends us to {realm} for a token, and there is none.",
                next_step="Log in with `invoke registry.login`.",
            )
        SECRETS.hide(str(token))
        return str(token)

    def trusted(self, realm: str) -> str:
        """Return where tokens come from; raises RegistryUnauthorizedError unless that is safe."""
        if urlsplit(realm).scheme != "https" and not self._is_loopback:
            raise RegistryUnauthorizedError(
                f"{self._registry} sends us to {realm or 'nowhere'} for a token.",
                why="Credentials go over https only.",
            )
        return realm
