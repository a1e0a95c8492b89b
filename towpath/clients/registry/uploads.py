"""Blobs on their way in: small ones at once, large ones in chunks that survive a broken line.

Source: OCI distribution spec 1.1, "Pushing a blob in chunks". What a registry took of a blob is
asked of the registry itself and never guessed. Distribution 2.8 forgets an upload of which a chunk
broke in its middle, or that began before it was restarted: that blob then starts from the front.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin, urlsplit

from towpath import private
from towpath.clients.registry.asking import ATTEMPTS, FIRST_WAIT
from towpath.errors import (
    RegistryError,
    RegistryNetworkError,
    RegistryNotFoundError,
    RegistryRateLimitedError,
    RegistryRefusedError,
)
from towpath.readers.oci import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from towpath.clients.registry.client import RegistryClient
    from towpath.clients.registry.wire import Answer

CHUNK = 16 * 1024 * 1024
BYTES = {"Content-Type": "application/octet-stream"}
OUT_OF_STEP = 416


class Source(Protocol):
    """Where the bytes of a blob come from."""

    def seek(self, offset: int) -> object:
        """Go on from this place, in bytes from the start."""

    def whole(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end."""


class Places:
    """Where uploads stand that were begun: in a directory, so that the next process goes on."""

    def __init__(self, directory: Path | None = None) -> None:
        """Without a directory they are remembered as long as this object lives."""
        self._directory = directory
        self._held: dict[str, str] = {}

    def recall(self, key: str) -> str:
        """Return the place of an upload, or nothing."""
        if self._directory is None:
            return self._held.get(key, "")
        try:
            document = json.loads(self._file(self._directory, key).read_bytes())
            return str(document["place"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def remember(self, key: str, place: str) -> None:
        """Note where an upload goes on."""
        self._held[key] = place
        if self._directory is not None:
            private.directory(self._directory)
            document = json.dumps({"upload": key, "place": place})
            private.write(self._file(self._directory, key), document.encode())

    def forget(self, key: str) -> None:
        """Forget an upload that is done, or that the registry does not know any more."""
        self._held.pop(key, None)
        if self._directory is not None:
            self._file(self._directory, key).unlink(missing_ok=True)

    @staticmethod
    def _file(directory: Path, key: str) -> Path:
        return directory / f"{sha256(key.encode()).removeprefix('sha256:')[:32]}.json"


def put(client: RegistryClient, digest: str, content: bytes) -> None:
    """Store a small blob in two requests."""

    def act() -> None:
        begun = client.once("POST", "blobs/uploads/")
        client.once("PUT", _finishing(_place(begun), digest), headers=BYTES, body=content)

    _until_held(client, digest, act)


def stream(client: RegistryClient, digest: str, size: int, source: Source, places: Places) -> int:
    """Store a blob of `size` bytes; return how many bytes of it were sent.

    An upload that `places` knows is gone on with where the registry says that it ends.
    """
    upload = _Upload(client, digest, size, source, places)
    _until_held(client, digest, upload.go_on)
    places.forget(upload.key)
    return upload.sent


def _until_held(client: RegistryClient, digest: str, act: Callable[[], None]) -> None:
    """Do it until the registry has the blob; an answer that got lost is no failure."""
    wait = FIRST_WAIT
    for left in range(ATTEMPTS - 1, -1, -1):
        try:
            act()
            return
        except (RegistryNetworkError, RegistryRateLimitedError) as error:
            if not left:
                raise
            client.pause(error, wait)
        except (RegistryNotFoundError, RegistryRefusedError) as error:
            if not left or not _lost(error):
                raise
        if client.has_blob(digest):
            return
        wait *= 2


def _lost(error: RegistryError) -> bool:
    """Tell whether a registry lost its place in an upload, which can begin again."""
    return isinstance(error, RegistryNotFoundError) or (
        isinstance(error, RegistryRefusedError) and error.status == OUT_OF_STEP
    )


class _Upload:
    def __init__(
        self, client: RegistryClient, digest: str, size: int, source: Source, places: Places
    ) -> None:
        self.key = f"{client.repository}@{digest}"
        self.sent = 0
        self._client = client
        self._digest = digest
        self._size = size
        self._source = source
        self._places = places

    def go_on(self) -> None:
        """Send what is missing, a chunk at a time, and the last one with the digest."""
        place, offset = self._standing()
        self._source.seek(offset)
        while self._size - offset > CHUNK:
            content = self._next(CHUNK)
            span = {"Content-Range": f"{offset}-{offset + len(content) - 1}"}
            answer = self._client.once("PATCH", place, headers={**BYTES, **span}, body=content)
            place, offset = _place(answer), offset + len(content)
            self._places.remember(self.key, place)
            self.sent += len(content)
        content = self._next(self._size - offset)
        self._client.once("PUT", _finishing(place, self._digest), headers=BYTES, body=content)
        self.sent += len(content)

    def _next(self, size: int) -> bytes:
        content = self._source.whole(size)
        if len(content) != size:
            raise RegistryError(
                f"{self._digest} is shorter than its manifest says.",
                why=f"{size - len(content)} bytes are missing of {self._size}.",
            )
        return content

    def _standing(self) -> tuple[str, int]:
        """Return where the upload goes on and how much of it the registry has."""
        if known := self._places.recall(self.key):
            try:
                answer = self._client.ask("GET", known)
                return _place(answer), _held(answer)
            except (RegistryNotFoundError, RegistryRefusedError):
                self._places.forget(self.key)
        answer = self._client.ask("POST", "blobs/uploads/")
        place = _place(answer)
        if self._size > CHUNK:
            self._places.remember(self.key, place)
        return place, 0


def _place(answer: Answer) -> str:
    found = answer.headers.get("location", "")
    return urljoin(answer.url, found) if found else answer.url


def _held(answer: Answer) -> int:
    """Return how many bytes the registry has: `Range: 0-0` is what it says of none."""
    last = answer.headers.get("range", "").rpartition("-")[2]
    return int(last) + 1 if last.isdecimal() and int(last) else 0


def _finishing(place: str, digest: str) -> str:
    return f"{place}{'&' if urlsplit(place).query else '?'}digest={digest}"
