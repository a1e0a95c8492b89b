"""Registries that are not like the others: challenges, chunks, lists, rights and delays."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.clock import QuickClock
from tests.registry_server import NAME, Fault, Store, push_image
from towpath.core.errors import (
    RegistryNotFoundError,
    RegistryRefusedError,
    RegistryUnauthorizedError,
)
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient, transfer, uploads
from towpath.registry.client.uploads import CHUNK, UploadSessions
from towpath.registry.oci_reader import Manifest

pytestmark = pytest.mark.door

ONE = Manifest(oci.MANIFEST, b'{"schemaVersion": 2, "layers": []}')
LARGE = bytes(CHUNK + 1000)
DIGEST = oci.sha256(LARGE)


class Zeros:
    """A blob of zeros."""

    def seek(self, offset: int) -> None:
        """Go there."""

    def read_fully(self, size: int) -> bytes:
        """Return zeros."""
        return bytes(size)


@pytest.mark.parametrize(
    "challenge",
    [
        'Bearer realm="{realm}",service="s", Basic realm="Registry"',
        'Basic realm="Registry", Bearer realm="{realm}",service="s"',
        'Negotiate, Basic realm="Registry", Bearer realm="{realm}",service="s"',
        "BEARER Realm={realm}, Service=s",
    ],
)
def test_the_token_is_fetched_whatever_else_is_offered(
    store: Store, tmp_path: Path, challenge: str
) -> None:
    """Of several challenges the Bearer one is answered, with the password of the config."""
    pair = base64.b64encode(b"user:word").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {store.host: {"auth": pair}}}))
    text = challenge.format(realm=f"http://{store.host}/token")
    store.token = "short"
    store.faults = [Fault("/v2/", 401, {"WWW-Authenticate": text})]

    store.client({"DOCKER_CONFIG": str(tmp_path)}).ping()

    assert store.asked == ["GET /v2/", "GET /token?service=s", "GET /v2/"]
    assert store.authorizations == ["", f"Basic {pair}", "Bearer short"]


@pytest.mark.parametrize("status", [400, 405, 411, 413, 415, 416])
def test_a_registry_without_chunks_gets_one_whole_blob(store: Store, status: int) -> None:
    """What refuses a PATCH gets the whole of it in one PUT, read while it is sent."""
    store.faults = [Fault("PATCH", status) for _ in range(9)]

    uploads.stream(store.client(), DIGEST, len(LARGE), Zeros(), UploadSessions())

    assert store.blobs == {DIGEST: LARGE}
    assert [line.split()[0] for line in store.asked][-2:] == ["POST", "PUT"]


def test_a_registry_that_wants_larger_chunks_gets_one_whole_blob(store: Store) -> None:
    """Its smallest chunk is more than we would hold in memory. Source: `OCI-Chunk-Min-Length`."""
    place = f"/v2/{NAME}/blobs/uploads/u"
    store.uploads["u"] = b""
    headers = {"Location": place, "OCI-Chunk-Min-Length": str(2 * CHUNK)}
    store.faults = [Fault("POST", 202, headers)]

    uploads.stream(store.client(), DIGEST, len(LARGE), Zeros(), UploadSessions())

    assert store.blobs == {DIGEST: LARGE}
    assert [line.split()[0] for line in store.asked] == ["POST", "PUT"]


def test_a_registry_that_takes_nothing_says_so(store: Store) -> None:
    """The whole blob is refused as well: that is told, and not tried for ever."""
    store.faults = [Fault(method, 405) for method in ("PATCH", "PUT") for _ in range(3)]

    with pytest.raises(RegistryRefusedError, match="405"):
        uploads.stream(store.client(), DIGEST, len(LARGE), Zeros(), UploadSessions())
    assert len(store.asked) == 4


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {"Content-Type": "text/html"}, b"<html>Log in</html>"),
        (200, {"Content-Type": oci.INDEX}, b"[]"),
        (302, {"Location": "/login"}, b""),
        (302, {"Location": "https://login.example.invalid/"}, b""),
        (302, {"Location": "http://login.example.invalid/"}, b""),
        (405, {}, b""),
    ],
    ids=["a page", "a list", "a login page", "one elsewhere", "one without TLS", "refused"],
)
def test_what_is_no_referrers_api_has_its_fallback_tag(
    store: Store, status: int, headers: dict[str, str], body: bytes
) -> None:
    """A page for people is no list of what is attached."""
    client = store.client()
    client.put_manifest("one", ONE)
    artifact = oci.artifact("application/x", ONE.descriptor, [], {})
    client.attach(ONE.digest, artifact)
    store.faults = [
        Fault("referrers", status, headers, body),
        Fault("/login", 200, {"Content-Type": "text/html"}, b"<html>"),
    ]

    assert [row.digest for row in client.referrers(ONE.digest)] == [artifact.digest]


def test_a_second_page_of_referrers_is_no_matter_of_choice(store: Store) -> None:
    """Once there is an API, what it cannot say is an error, and not the fallback tag."""
    link = {"Link": '</v2/x/2>; rel="next"'}
    store.faults = [Fault("referrers", 200, link, oci.index_of([]).content), Fault("/2", 404)]

    with pytest.raises(RegistryNotFoundError):
        store.client().referrers(ONE.digest)


@pytest.mark.parametrize("status", [401, 403])
def test_a_repository_that_nobody_may_read_yet_is_pushed_to(store: Store, status: int) -> None:
    """Many registries say so of one that the first push makes."""
    store.faults = [Fault("HEAD", status) for _ in range(3)]
    index = push_image(store.client(), {}, platforms=("linux/amd64",))

    assert len(store.blobs) == 2
    assert store.tags == {"building": index.digest}


@pytest.mark.parametrize("status", [401, 403])
def test_a_copy_to_such_a_repository_is_made(store: Store, tmp_path: Path, status: int) -> None:
    """Blobs and manifests that cannot be asked for are sent."""
    from tests.registry_server import serving

    client = store.client()
    index = push_image(client, {}, platforms=("linux/amd64",))
    with serving() as other:
        # Each is refused once: what was sent can be asked for, in whichever order that happens.
        other.faults = [
            Fault(f"HEAD /v2/{NAME}/{what}", status)
            for what in (
                *(f"blobs/{digest}" for digest in store.blobs),
                *(f"manifests/{digest}" for digest in store.manifests),
            )
        ]
        content = transfer.open_content(client, index.digest)
        transfer.copy(client, other.client(), content, UploadSessions(tmp_path))

        assert other.blobs == store.blobs
        assert index.digest in other.manifests


def test_who_may_not_push_is_told(store: Store) -> None:
    """The refusal of the push itself is the error; a question that is no push is one as before."""
    store.faults = [Fault("", 403) for _ in range(9)]
    client = store.client()

    with pytest.raises(RegistryUnauthorizedError, match="uploads"):
        client.put_blob(b"hello", "text/plain")
    with pytest.raises(RegistryUnauthorizedError):
        client.has_blob(DIGEST)


@pytest.mark.parametrize("late", ["not there", "an older one"])
def test_what_is_shown_late_is_waited_for(store: Store, late: str) -> None:
    """A registry may answer from a copy of itself that is a moment old."""
    clock = QuickClock()
    client = RegistryClient(store.repository, env={}, clock=clock)
    old = Manifest(oci.MANIFEST, b"{}")
    headers = {"Content-Type": oci.MANIFEST}
    fault = (404, {}, b"") if late == "not there" else (200, headers, old.content)
    store.faults = [Fault("GET /v2/towpath/dashboard/manifests/one", *fault) for _ in range(3)]

    client.put_manifest("one", ONE)

    assert clock.waits == [0.25, 0.5, 1.0]


def test_a_blob_that_is_shown_late_is_waited_for(store: Store, tmp_path: Path) -> None:
    """The copy goes on when it is there."""
    from tests.registry_server import serving

    client = store.client()
    index = push_image(client, {}, platforms=("linux/amd64",))
    with serving() as other:
        other.faults = [Fault(f"HEAD /v2/{NAME}/blobs", 404) for _ in range(5)]
        content = transfer.open_content(client, index.digest)
        transfer.copy(client, other.client(), content, UploadSessions(tmp_path))

        assert other.blobs == store.blobs


def test_what_is_never_shown_is_an_error_in_the_end(store: Store) -> None:
    """It is waited for some seconds, and not for ever."""
    clock = QuickClock()
    client = RegistryClient(store.repository, env={}, clock=clock)
    store.faults = [Fault("GET", 404) for _ in range(99)]

    with pytest.raises(RegistryNotFoundError):
        client.put_manifest("one", ONE)
    assert 10 <= sum(clock.waits) < 13


def test_what_is_attached_and_shown_late_is_not_lost(store: Store) -> None:
    """The second writes no list without the first, although it cannot see it yet."""
    client = store.client()
    client.put_manifest("one", ONE)
    kinds = [f"application/{name}" for name in "ab"]
    first, second = (oci.artifact(kind, ONE.descriptor, [], {}) for kind in kinds)
    client.attach(ONE.digest, first)
    store.faults = [Fault(f"GET /v2/{NAME}/manifests/sha256-", 404)]

    client.attach(ONE.digest, second)

    assert sorted(row.artifact_type for row in client.referrers(ONE.digest)) == kinds
