"""Requests to one repository: let in, followed where they lead, and tried again where that helps.

Only what may pass is tried again: a broken connection, 429 and 5xx. A registry that asks for more
time than we have is believed at once.

Our login and what we upload are for the registry alone: every request begins at its origin. Only
what is read may be somewhere else, without a login, as blobs in a store of their own are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin

from towpath.core.backoff import with_retry
from towpath.core.clock import SYSTEM, Clock
from towpath.core.errors import (
    RegistryError,
    RegistryNetworkError,
    RegistryNotFoundError,
    RegistryRefusedError,
    RegistryUnauthorizedError,
)
from towpath.core.references import Repository
from towpath.registry.client import retry, urls
from towpath.registry.client.wire import DOCUMENT, Response, Sending, StreamedBody, TooMuchError
from towpath.registry.client.wires import Wires

if TYPE_CHECKING:
    from pathlib import Path

    from towpath.registry.client.auth import Access
    from towpath.registry.client.credentials import LoginSource
    from towpath.registry.oci_reader import Descriptor

T = TypeVar("T")

MOST_REDIRECTS = 5
REDIRECTIONS = (301, 302, 303, 307, 308)
SAME_METHOD = (307, 308)
READS = ("GET", "HEAD")
# A token may have ended before we used it: the threads of a client share it.
LOGINS = 2
HUB, HUB_HOST = "docker.io", "registry-1.docker.io"


class RegistryTransport:
    """Asks one repository. Plain HTTP only to this machine, verified TLS elsewhere."""

    def __init__(
        self,
        repository: Repository,
        *,
        env: Mapping[str, str],
        clock: Clock = SYSTEM,
        own: Callable[[], Path | None] = lambda: None,
    ) -> None:
        """Take the credentials from the Docker config that `env` names, when they are wanted.

        `own` names the directory of another config, which is looked into before it.
        """
        registry = repository.registry
        scheme = "http" if repository.is_loopback else "https"
        self.repository = repository
        self._root = f"{scheme}://{HUB_HOST if registry == HUB else registry}/v2/"
        self._base = f"{self._root}{repository.name}/"
        self._home = urls.origin(self._root)
        self._env, self._clock, self._own = env, clock, own
        self._wires = Wires(env)
        self._access: Access | None = None
        self._entering = threading.Lock()
        # What we attached, by its subject: a registry may show it only after a moment.
        self._attached: dict[str, dict[str, Descriptor]] = {}

    @property
    def authenticated(self) -> bool:
        """Whether the registry knows who we are: by credentials, not as anybody.

        Where it was not asked yet, it is asked now, where all registries want a login if they know
        of any: at their root. The embedded registry wants one there as well. False for a registry
        that wants none, and for credentials that it refuses; raises RegistryNetworkError.
        """
        if self._access is None or not self._access.header:
            try:
                self.ask("GET", self._root)
            except (RegistryUnauthorizedError, RegistryNotFoundError, RegistryRefusedError):
                return False
        return self._access is not None and self._access.authenticated

    @property
    def login(self) -> LoginSource | None:
        """The credentials that were looked up; None as long as the registry wanted none."""
        return self._access.login if self._access else None

    def name(self, reference: str) -> str:
        """Return how people name a tag or digest of this repository."""
        return f"{self.repository}{'@' if ':' in reference else ':'}{reference}"

    def ask(self, method: str, place: str, **options: Any) -> Response:
        """Ask, again where its error may pass, and return an answer that was read to its end."""

        def act() -> Response:
            answer = self.once(method, place, **options)
            self._read_body(answer)
            return answer

        return self.with_retry(act)

    def awaiting(self, act: Callable[[], T]) -> T:
        """Look for what was put, again for a while: a registry may show it only after a moment."""
        return with_retry(act, retry.may_be_shown_later, retry.SHOWN, self._clock)

    def with_retry(
        self, act: Callable[[], T], when: Callable[[Exception], bool] = retry.may_pass
    ) -> T:
        """Do it, again after a wait where its error may pass; raises the last error.

        Waits at least as long as the registry asks for. Where that is more than LONGEST_WAIT, the
        error is raised at once, and says so.
        """
        return with_retry(act, when, retry.RETRY, self._clock, at_least=retry.asked_wait)

    def once(
        self,
        method: str,
        place: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Sending = b"",
        home_only: bool = False,
    ) -> Response:
        """Ask once, with a login if that is asked for; the body of the answer is still to be read.

        `place` is a URL of this registry, or what follows the repository's. With `home_only` the
        answer is the registry's own, else it may be somewhere else. Raises RegistryRefusedError for
        a URL of somebody else. Raises RegistryNetworkError if the registry cannot be reached, and
        RegistryError for an answer that is not a success.
        """
        url = place if "://" in place else urljoin(self._base, place)
        self._require_home(url)
        logins = 0
        while True:
            used = self._login
            answer = self._send(method, url, headers or {}, body, used, home_only)
            # Who keeps blobs for a registry has no say in where our password goes.
            foreign = urls.origin(answer.url) != self._home
            if answer.status != 401 or logins == LOGINS or foreign:
                return self._good(answer)
            self._read_body(answer)
            took = self._enter(used, answer.headers.get("www-authenticate", ""))
            if took is None:
                return self._good(answer)
            logins += took

    @property
    def root(self) -> str:
        """The URL that every registry answers."""
        return self._root

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
        from towpath.registry.client.auth import Access
        from towpath.registry.client.credentials import look_up

        registry, name = self.repository
        self._access = Access(
            registry,
            is_loopback=self.repository.is_loopback,
            find=lambda: look_up(self._env, registry, repository=name, own=self._own()),
            send=self._ask_for_token,
        )
        return self._access

    def _require_home(self, url: str) -> None:
        if urls.origin(url) != self._home:
            raise RegistryRefusedError(
                f"{self.repository.registry} redirects to {urls.shown(url)}.",
                why="Credentials and uploads are sent only to the registry's own address.",
                next_step="Configure the registry to use this address in its responses.",
            )

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Sending,
        login: str,
        home_only: bool,
    ) -> Response:
        """Send it, and follow where a registry keeps its blobs somewhere else."""
        own = {"Authorization": login} if login else {}
        for _ in range(MOST_REDIRECTS):
            ours = own if urls.origin(url) == self._home else {}
            if isinstance(body, StreamedBody):
                body.restart()
            answer = self._wire(method, url, {**headers, **ours}, body)
            location = _location(method, answer)
            if not location:
                return answer
            answer.close()
            url = urls.following(url, location)
            if method in READS and not home_only:
                self._require_safe(url)
            else:
                self._require_home(url)
        raise RegistryRefusedError(
            f"Too many redirects from {self.repository.registry}.",
            why=f"The last one led to {urls.shown(url)}.",
        )

    def _require_safe(self, url: str) -> None:
        """Raise unless a URL may be read: over TLS, or on this machine from this machine."""
        to = urls.origin(url)
        if to.scheme == "https" or (to.is_near and self._home.is_near):
            return
        raise RegistryRefusedError(
            f"{self.repository.registry} redirects to {urls.shown(url)}.",
            why="Images are downloaded over HTTPS only, except from this machine.",
        )

    def _ask_for_token(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        answer = self._good(self._wire(method, url, headers, body))
        self._read_body(answer)
        return answer

    def _wire(self, method: str, url: str, headers: Mapping[str, str], body: Sending) -> Response:
        try:
            return self._wires.send(method, url, headers, body)
        except OSError as error:
            raise self._broke(error) from error

    def _read_body(self, answer: Response, most: int = DOCUMENT) -> bytes:
        """Return the body of an answer, read to its end.

        Raises RegistryError for one of more than `most` bytes, or one that is packed: what it
        holds would have another size and another digest.
        """
        coding = answer.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("", "identity"):
            answer.close()
            raise RegistryError(
                f"{self.repository.registry} sent a compressed response that was not requested.",
                why=f"Content-Encoding: {coding[:40]!r}",
            )
        try:
            return answer.document(most)
        except TooMuchError as error:
            raise RegistryError(
                f"{self.repository.registry} sent a document that is too large.", why=str(error)
            ) from error
        except OSError as error:
            raise self._broke(error) from error

    def _good(self, answer: Response) -> Response:
        if answer.ok:
            return answer
        from towpath.registry.client import errors as failures

        error = failures.refused(answer, self.repository.registry, self._clock.now)
        if isinstance(error, RegistryUnauthorizedError) and self._access and self._access.problem:
            error.why = f"{error.why} {self._access.problem}".strip()
        raise error

    def _broke(self, error: OSError) -> RegistryNetworkError:
        from towpath.registry.client import errors as failures

        return failures.unreachable(self.repository.registry, error)

    def _mismatch(self, wanted: str, seen: str) -> RegistryError:
        from towpath.registry.client import errors as failures

        return failures.mismatch(self.name(wanted), self.repository.registry, seen)


def _location(method: str, answer: Response) -> str:
    """Return where a registry sends a request; empty where it may not be followed with its method.

    What writes goes on with its own method only; what reads may always be read somewhere else.
    """
    followed = REDIRECTIONS if method in READS else SAME_METHOD
    return answer.headers.get("location", "") if answer.status in followed else ""
