"""Requests to one repository: let in, followed where they lead, and tried again if that can heal.

Only what can heal is tried again: a broken connection, 429 and 5xx. A registry that asks for more
time than we have is believed at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

from towpath.clients.registry.wire import Answer, Wires, is_loopback
from towpath.errors import (
    RegistryError,
    RegistryNetworkError,
    RegistryRateLimitedError,
    RegistryRefusedError,
)
from towpath.images import Repository

if TYPE_CHECKING:
    from towpath.clients.registry.access import Access

T = TypeVar("T")

ATTEMPTS = 5
FIRST_WAIT = 0.25  # seconds; doubled for each further attempt
LONGEST_WAIT = 30.0
MOST_REDIRECTS = 5
# A token may have ended before we used it: the threads of a client share it.
LOGINS = 2
HUB, HUB_HOST = "docker.io", "registry-1.docker.io"


class Asking:
    """Asks one repository. Plain HTTP only to this machine, verified TLS elsewhere."""

    def __init__(
        self,
        repository: Repository,
        *,
        env: Mapping[str, str],
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the credentials from the Docker config that `env` names, when they are wanted."""
        registry = repository.registry
        scheme = "http" if repository.is_loopback else "https"
        self.repository = repository
        self._root = f"{scheme}://{HUB_HOST if registry == HUB else registry}/v2/"
        self._base = f"{self._root}{repository.name}/"
        self._env, self._sleep, self._now = env, sleep, now
        self._wires = Wires()
        self._access: Access | None = None
        self._entering = threading.Lock()

    def name(self, reference: str) -> str:
        """Return how people name a tag or digest of this repository."""
        return f"{self.repository}{'@' if ':' in reference else ':'}{reference}"

    def ask(self, method: str, place: str, **options: Any) -> Answer:
        """Ask, again if that can heal it, and return an answer that was read to its end."""

        def act() -> Answer:
            answer = self.once(method, place, **options)
            self._whole(answer)
            return answer

        return self.healing(act)

    def healing(self, act: Callable[[], T]) -> T:
        """Do it, again after a pause if it failed in a way that can heal."""
        wait = FIRST_WAIT
        for _ in range(ATTEMPTS - 1):
            try:
                return act()
            except (RegistryRateLimitedError, RegistryNetworkError) as error:
                self.pause(error, wait)
            wait *= 2
        return act()

    def pause(self, error: RegistryRateLimitedError | RegistryNetworkError, wait: float) -> None:
        """Wait as long as the registry asked, or `wait`; raises the error if that is too long."""
        if error.seconds > LONGEST_WAIT:
            error.next_step = f"It asks to be left alone for {error.seconds:.0f} s: try then."
            raise error
        self._sleep(max(wait, error.seconds))

    def once(
        self,
        method: str,
        place: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Ask once, with a login if that is asked for; the body of the answer is still to be read.

        `place` is a URL, or what follows the repository's.
        """
        url = urljoin(self._base, place) if "://" not in place else place
        logins = 0
        while True:
            used = self._login
            answer = self._send(method, url, headers or {}, body, used)
            if answer.status != 401 or logins == LOGINS:
                return self._good(answer)
            self._whole(answer)
            took = self._enter(used, answer.headers.get("www-authenticate", ""))
            if took is None:
                return self._good(answer)
            logins += took

    @property
    def is_logged_in(self) -> bool:
        """Whether the registry asked who we are, and let us in with credentials."""
        return self._access is not None and self._access.is_logged_in

    @property
    def _login(self) -> str:
        return self._access.header if self._access else ""

    def _enter(self, used: str, challenge: str) -> int | None:
        """Answer a challenge. Before the first one nothing is known of logins, or needed."""
        with self._entering:
            access = self._access or self._first()
        return access.answer(used, challenge)

    def _first(self) -> Access:
        """Return the one login that all threads share."""
        from towpath.clients.registry.access import Access
        from towpath.clients.registry.credentials import credentials

        registry = self.repository.registry
        self._access = Access(
            registry,
            is_loopback=self.repository.is_loopback,
            find=lambda: credentials(self._env, registry),
            send=self._ask_for_token,
        )
        return self._access

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, login: str
    ) -> Answer:
        """Send it, and follow where a registry keeps its blobs somewhere else."""
        own = {"Authorization": login} if login else {}
        start = urlsplit(url).netloc
        for _ in range(MOST_REDIRECTS):
            # Our login is for the registry alone.
            ours = own if urlsplit(url).netloc == start else {}
            answer = self._wire(method, url, {**headers, **ours}, body)
            following = answer.headers.get("location", "")
            if answer.status not in (301, 302, 303, 307, 308) or method not in ("GET", "HEAD"):
                return answer
            answer.close()
            url = self._safe(urljoin(url, following))
        raise RegistryRefusedError(
            f"{self.repository.registry} sends us from one place to the next.",
            why=f"The last one was {url}.",
        )

    def _safe(self, url: str) -> str:
        if urlsplit(url).scheme == "https" or is_loopback(url):
            return url
        raise RegistryRefusedError(
            f"{self.repository.registry} sends us to {urlsplit(url).netloc or 'nowhere'}.",
            why="Images come over https only, except from this machine.",
        )

    def _ask_for_token(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        answer = self._good(self._wire(method, url, headers, body))
        self._whole(answer)
        return answer

    def _wire(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            return self._wires.send(method, url, headers, body)
        except OSError as error:
            raise self._broke(error) from error

    def _whole(self, answer: Answer) -> bytes:
        """Return the body of an answer, read to its end."""
        try:
            return answer.content
        except OSError as error:
            raise self._broke(error) from error

    def _good(self, answer: Answer) -> Answer:
        if answer.ok:
            return answer
        from towpath.clients.registry import failures

        raise failures.refused(answer, self.repository.registry, self._now)

    def _broke(self, error: OSError) -> RegistryNetworkError:
        from towpath.clients.registry import failures

        return failures.unreachable(self.repository.registry, error)

    def _mismatch(self, wanted: str, seen: str) -> RegistryError:
        from towpath.clients.registry import failures

        return failures.mismatch(self.name(wanted), self.repository.registry, seen)
