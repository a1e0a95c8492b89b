"""Large blobs: in chunks, gone on with where the registry says that they end."""

from __future__ import annotations

import random
from io import BytesIO
from pathlib import Path

import pytest

from tests.registry_server import Fault, Store
from towpath.core.errors import DigestMismatchError, RegistryError, RegistryNetworkError
from towpath.registry import oci_reader as oci
from towpath.registry.client import uploads
from towpath.registry.client.uploads import CHUNK, UploadSessions

pytestmark = pytest.mark.door

CONTENT = random.Random(1).randbytes(2 * CHUNK + 1000)
DIGEST = oci.sha256(CONTENT)


class Bytes(BytesIO):
    """A source that remembers where it was sought to."""

    def __init__(self, content: bytes = CONTENT) -> None:
        super().__init__(content)
        self.sought: list[int] = []

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go there."""
        self.sought.append(offset)
        return super().seek(offset, whence)

    def read_fully(self, size: int) -> bytes:
        """Return what is there."""
        return self.read(size)


def test_a_large_blob_goes_in_chunks(store: Store) -> None:
    """Two chunks and a last piece with the digest."""
    sent = uploads.stream(store.client(), DIGEST, len(CONTENT), Bytes(), UploadSessions())

    assert store.blobs == {DIGEST: CONTENT}
    assert sent == len(CONTENT)
    assert [line.split()[0] for line in store.asked] == ["POST", "PATCH", "PATCH", "PUT"]


def test_an_answer_that_got_lost_costs_no_second_chunk(store: Store) -> None:
    """The chunk arrived and its answer did not: the registry is asked, and the next one sent."""
    client = store.client()
    source = Bytes()
    store.faults = [Fault("PATCH", 500)]
    sent = uploads.stream(client, DIGEST, len(CONTENT), source, UploadSessions())

    assert store.blobs == {DIGEST: CONTENT}
    assert source.sought == [0, 0]
    assert sent == len(CONTENT)


def test_an_upload_goes_on_in_the_next_process(store: Store, tmp_path: Path) -> None:
    """What was begun is found in the directory, and only the rest is sent."""
    store.faults = [Fault("PATCH /none")]
    places = UploadSessions(tmp_path)
    half = Bytes(CONTENT[:CHUNK])
    with pytest.raises(RegistryError, match="shorter"):
        uploads.stream(store.client(), DIGEST, len(CONTENT), half, places)

    source = Bytes()
    sent = uploads.stream(store.client(), DIGEST, len(CONTENT), source, UploadSessions(tmp_path))

    assert store.blobs == {DIGEST: CONTENT}
    assert source.sought == [CHUNK]
    assert sent == len(CONTENT) - CHUNK
    assert list(tmp_path.iterdir()) == []


def test_an_upload_that_the_registry_forgot_begins_again(store: Store, tmp_path: Path) -> None:
    """A place that is not known any more is no failure."""
    places = UploadSessions(tmp_path)
    client = store.client()
    places.remember(f"{store.repository}@{DIGEST}", f"http://{store.host}/v2/x/blobs/uploads/gone")

    assert uploads.stream(client, DIGEST, len(CONTENT), Bytes(), places) == len(CONTENT)
    assert store.blobs == {DIGEST: CONTENT}


@pytest.mark.parametrize("content", ["", "{}", "[]", "x"])
def test_a_note_that_is_not_readable_is_no_place(tmp_path: Path, content: str) -> None:
    """Half a file counts as none."""
    places = UploadSessions(tmp_path)
    places.remember("key", "place")
    (file,) = tmp_path.iterdir()
    assert places.recall("key") == "place"
    assert file.stat().st_mode & 0o777 == 0o600

    file.write_text(content)

    assert places.recall("key") == ""


def test_a_lost_last_answer_is_found_out(store: Store) -> None:
    """The registry has the blob although its answer was a failure: nothing is sent again."""
    client = store.client()
    store.blobs[DIGEST] = CONTENT
    store.faults = [Fault("PUT", 502)]

    uploads.put(client, DIGEST, CONTENT)

    assert [line.split()[0] for line in store.asked] == ["POST", "PUT", "HEAD"]


def test_a_chunk_out_of_step_is_asked_after(store: Store) -> None:
    """416 means that the registry has another length than we thought."""
    store.faults = [Fault("PATCH", 416)]

    uploads.stream(store.client(), DIGEST, len(CONTENT), Bytes(), UploadSessions())

    assert store.blobs == {DIGEST: CONTENT}


def test_other_bytes_are_refused_by_their_digest(store: Store) -> None:
    """The registry's own check has its own error."""
    other = Bytes(CONTENT[:-1] + b"?")

    with pytest.raises(DigestMismatchError):
        uploads.stream(store.client(), DIGEST, len(CONTENT), other, UploadSessions())
    assert store.blobs == {}


def test_a_registry_that_stays_down_ends_it(store: Store) -> None:
    """After so many attempts it is told as it is."""
    store.faults = [Fault("blobs", 503) for _ in range(99)]

    with pytest.raises(RegistryNetworkError):
        uploads.put(store.client(), DIGEST, CONTENT)
