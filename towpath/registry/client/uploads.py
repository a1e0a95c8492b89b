"""Blobs on their way in: small ones at once, large ones in chunks that survive a broken line.

A registry that takes no chunks, or only larger ones, gets a large blob in one request.

Source: OCI distribution spec 1.1, "Pushing a blob in chunks". What a registry took of a blob is
asked of the registry itself and never guessed. Distribution 2.8 forgets an upload of which a chunk
broke in its middle, or that began before it was restarted: that blob then starts from the front.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from towpath.core import documents, private
from towpath.core.errors import (
    RegistryError,
    RegistryNotFoundError,
    RegistryRefusedError,
)
from towpath.registry.client import urls
from towpath.registry.client.retry import OUT_OF_STEP, may_be_sent_again
from towpath.registry.client.wire import ByteSource, StreamedBody
from towpath.registry.oci_reader import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from towpath.core.references import Repository
    from towpath.registry.client.wire import Response, Sending

CHUNK = 16 * 1024 * 1024
BYTES = {"Content-Type": "application/octet-stream"}
REFUSED_CHUNKS = (400, 405, 411, 413, 415)
LARGEST_LENGTH = 15  # digits


class BlobClient(Protocol):
    """What uploads ask of the client of one repository."""

    @property
    def repository(self) -> Repository:
        """The repository, with its registry."""

    def once(
        self,
        method: str,
        place: str,
        *,
        headers: Mapping[str, str] | None = ...,
        body: Sending = ...,
    ) -> Response:
        """Send a request a single time."""

    def ask(self, method: str, place: str) -> Response:
        """Send a request, again where that may help."""

    def with_retry(self, act: Callable[[], None], when: Callable[[Exception], bool]) -> None:
        """Do it, again after a wait where `when` says that its error may pass."""

    def has_blob(self, digest: str) -> bool:
        """Tell whether the registry has a blob."""


class UploadSessions:
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
            document = documents.loads(self._file(self._directory, key).read_bytes())
            return str(document["place"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def remember(self, key: str, place: str) -> None:
        """Note where an upload goes on.

        Raises ConfigurationError if the state directory cannot be used.
        """
        self._held[key] = place
        if self._directory is not None:
            private.directory(self._directory)
            document = json.dumps({"upload": key, "place": place})
            private.write_private(self._file(self._directory, key), document.encode())

    def forget(self, key: str) -> None:
        """Forget an upload that is done, or that the registry does not know any more."""
        self._held.pop(key, None)
        if self._directory is not None:
            self._file(self._directory, key).unlink(missing_ok=True)

    @staticmethod
    def _file(directory: Path, key: str) -> Path:
        return directory / f"{sha256(key.encode()).removeprefix('sha256:')[:32]}.json"


def put(client: BlobClient, digest: str, content: bytes) -> None:
    """Store a small blob in two requests."""

    def act() -> None:
        begun = client.once("POST", "blobs/uploads/")
        client.once("PUT", _finishing(_place(begun), digest), headers=BYTES, body=content)

    _until_stored(client, digest, act)


def stream(
    client: BlobClient, digest: str, size: int, source: ByteSource, places: UploadSessions
) -> int:
    """Store a blob of `size` bytes; return how many bytes of it were sent.

    An upload that `places` knows is gone on with where the registry says that it ends.
    """
    upload = _Upload(client, digest, size, source, places)
    _until_stored(client, digest, upload.go_on)
    places.forget(upload.key)
    return upload.sent


def _until_stored(client: BlobClient, digest: str, send: Callable[[], None]) -> None:
    """Send a blob, again where that fails and the registry does not have it all the same."""
    sent = False

    def attempt() -> None:
        nonlocal sent
        # Only the answer may have got lost.
        if sent and client.has_blob(digest):
            return
        sent = True
        send()

    client.with_retry(attempt, may_be_sent_again)


class _Upload:
    def __init__(
        self, client: BlobClient, digest: str, size: int, source: ByteSource, places: UploadSessions
    ) -> None:
        self.key = f"{client.repository}@{digest}"
        self.sent = 0
        self._client = client
        self._digest = digest
        self._size = size
        self._source = source
        self._places = places
        self._in_chunks = size > CHUNK
        self._out_of_step = 0

    def go_on(self) -> None:
        """Send what is missing, a chunk at a time, and the last one with the digest."""
        try:
            self._send()
        except RegistryRefusedError as error:
            if not (self._in_chunks and self._takes_no_chunks(error)):
                raise
            self._places.forget(self.key)
            self._in_chunks = False
            self._send()

    def _takes_no_chunks(self, error: RegistryRefusedError) -> bool:
        """Tell whether a refusal is of chunks as such; one that is out of step is asked after."""
        if error.status == OUT_OF_STEP:
            self._out_of_step += 1
            return self._out_of_step > 1
        return error.status in REFUSED_CHUNKS

    def _send(self) -> None:
        place, offset = self._standing()
        if self._in_chunks:
            self._send_chunks(place, offset)
        else:
            body = StreamedBody(self._source, self._size)
            self._client.once("PUT", _finishing(place, self._digest), headers=BYTES, body=body)
            self.sent += self._size

    def _send_chunks(self, place: str, offset: int) -> None:
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
        content = self._source.read_fully(size)
        if len(content) != size:
            raise RegistryError(
                f"{self._digest} is shorter than its manifest says.",
                why=f"{size - len(content)} of {self._size} bytes are missing.",
            )
        return content

    def _standing(self) -> tuple[str, int]:
        """Return where the upload goes on and how much of it the registry has."""
        known = self._places.recall(self.key) if self._in_chunks else ""
        if known:
            try:
                answer = self._client.ask("GET", known)
                if 0 <= (held := _held(answer)) <= self._size:
                    return _place(answer), held
            except (RegistryNotFoundError, RegistryRefusedError):
                pass
            self._places.forget(self.key)
        answer = self._client.ask("POST", "blobs/uploads/")
        place = _place(answer)
        if self._in_chunks and _smallest_chunk(answer) > CHUNK:
            self._in_chunks = False
        if self._in_chunks:
            self._places.remember(self.key, place)
        return place, 0


def _place(answer: Response) -> str:
    """Return where an upload goes on. It is the registry itself, or the next request is refused."""
    found = answer.headers.get("location", "")
    return urls.following(answer.url, found) if found else answer.url


def _held(answer: Response) -> int:
    """Return how many bytes the registry has: `Range: 0-0` is what it says of none."""
    start, _, end = answer.headers.get("range", "").strip().removeprefix("bytes=").partition("-")
    last = _number(end) if start == "0" else 0
    return last + 1 if last else 0


def _smallest_chunk(answer: Response) -> int:
    """Return how many bytes a chunk has at least. Source: OCI distribution spec, "Chunk size"."""
    return _number(answer.headers.get("oci-chunk-min-length", ""))


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= LARGEST_LENGTH else 0


def _finishing(place: str, digest: str) -> str:
    return f"{place}{'&' if urlsplit(place).query else '?'}digest={digest}"
