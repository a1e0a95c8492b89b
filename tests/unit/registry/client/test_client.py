"""The registry client against a registry on a loopback port that fails as it is told."""

from __future__ import annotations

import base64
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.clock import QuickClock
from tests.logins import credentials
from tests.registry_server import NAME, Fault, Store, push_image
from towpath.core.errors import (
    DigestMismatchError,
    RegistryError,
    RegistryFailingError,
    RegistryNetworkError,
    RegistryNotFoundError,
    RegistryRateLimitedError,
    RegistryRefusedError,
    RegistryUnauthorizedError,
)
from towpath.core.references import Repository
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.client.auth import Access
from towpath.registry.client.credentials import Credentials, LoginSource
from towpath.registry.client.retry import RETRY
from towpath.registry.client.wire import Response
from towpath.registry.oci_reader import Manifest

pytestmark = pytest.mark.door

ONE = Manifest(oci.MANIFEST, b'{"schemaVersion": 2, "layers": []}')


def test_a_manifest_comes_back_byte_for_byte_under_tag_and_digest(store: Store) -> None:
    """What was put is what is read, whatever its spacing."""
    client = store.client()
    client.put_manifest("one", ONE)

    assert client.manifest("one") == ONE
    assert client.manifest(ONE.digest) == ONE
    assert client.resolve("one") == ONE.digest


def test_a_blob_is_sent_once(store: Store) -> None:
    """A blob that is there is not uploaded again."""
    client = store.client()
    first = client.put_blob(b"hello", "text/plain")
    second = client.put_blob(b"hello", "text/plain")

    assert first == second
    assert client.blob(first.digest) == b"hello"
    assert sum(line.startswith("POST") for line in store.asked) == 1


def test_tags_are_read_to_the_last_page(store: Store) -> None:
    """The list of tags follows the registry's link to the next page."""
    client = store.client()
    for tag in ("one", "two", "three"):
        client.put_manifest(tag, ONE)

    assert client.tags() == ["one", "three", "two"]


def test_a_repository_that_is_not_there_has_no_tags(store: Store) -> None:
    """Nothing pushed yet is an empty list, not an error."""
    store.faults = [Fault("tags/list", 404)]

    assert store.client().tags() == []


@pytest.mark.parametrize("api", [False, True], ids=["fallback tag", "referrers API"])
def test_what_is_attached_is_found(store: Store, api: bool) -> None:
    """Artifacts are found by their subject with the API and with its fallback tag, each once."""
    store.referrers = api
    client = store.client()
    client.put_manifest("one", ONE)
    artifacts = [
        oci.artifact("application/x", ONE.descriptor, [client.put_blob(text, "text/plain")], {})
        for text in (b"first", b"second")
    ]
    other = oci.artifact("application/y", ONE.descriptor, [], {})
    for artifact in (*artifacts, artifacts[0], other):
        client.attach(ONE.digest, artifact)

    found = client.referrers(ONE.digest, "application/x")

    assert sorted(row.digest for row in found) == sorted(row.digest for row in artifacts)
    assert (ONE.digest.replace(":", "-") in store.tags) is not api


def test_several_are_listed_in_one_go(store: Store) -> None:
    """What was there stays, and the fallback tag is written once for all that come together."""
    client = store.client()
    client.put_manifest("one", ONE)
    kinds = [f"application/{name}" for name in "abc"]
    first, *more = [oci.artifact(kind, ONE.descriptor, [], {}) for kind in kinds]
    client.attach(ONE.digest, first)
    store.asked.clear()

    client.attach(ONE.digest, *more)
    client.attach(ONE.digest)

    assert [row.artifact_type for row in client.referrers(ONE.digest)] == kinds
    assert sum("PUT" in line and "/sha256-" in line for line in store.asked) == 1


def test_what_another_writer_overwrote_is_written_again(store: Store) -> None:
    """An entry of the fallback tag that a second writer lost is put there again."""
    client = store.client()
    client.put_manifest("one", ONE)
    artifact = oci.artifact("application/x", ONE.descriptor, [], {})
    # The first write of the tag is answered well and not done, as if another had replaced it.
    store.faults = [Fault(f"PUT /v2/{NAME}/manifests/sha256-", 201)]

    client.attach(ONE.digest, artifact)

    assert [row.digest for row in client.referrers(ONE.digest, "application/x")] == [
        artifact.digest
    ]


@pytest.mark.parametrize(
    "fault", [Fault("manifests/one", 500), Fault("manifests/one", 429, {"Retry-After": "7"})]
)
def test_what_can_heal_is_tried_again(store: Store, fault: Fault) -> None:
    """One 500 or 429 is not an error, and Retry-After is kept."""
    clock = QuickClock()
    client = RegistryClient(store.repository, env={}, clock=clock)
    client.put_manifest("one", ONE)
    store.faults = [fault]

    assert client.resolve("one") == ONE.digest
    assert clock.waits == [7.0 if fault.headers else 0.25]


@pytest.mark.parametrize(
    ("status", "kind", "asked"),
    [
        (500, RegistryFailingError, RETRY.attempts),
        (429, RegistryRateLimitedError, RETRY.attempts),
        (404, RegistryNotFoundError, 1),
        (403, RegistryUnauthorizedError, 1),
        (400, RegistryRefusedError, 1),
    ],
)
def test_each_refusal_has_its_error(
    store: Store, status: int, kind: type[RegistryError], asked: int
) -> None:
    """A status that lasts ends in its own error; only what can heal is asked again."""
    body = b'{"errors":[{"code":"WHY","message":"because"}]}'
    store.faults = [Fault("manifests/one", status, body=body) for _ in range(9)]

    with pytest.raises(RegistryError) as caught:
        store.client().resolve("one")

    assert type(caught.value) is kind
    assert caught.value.why == "WHY: because"
    assert len(store.asked) == asked


def test_other_bytes_than_asked_for_are_refused(store: Store) -> None:
    """A manifest, a blob and a tag that do not have the digest are not believed."""
    client = store.client()
    client.put_manifest("one", ONE)
    blob = client.put_blob(b"hello", "text/plain")
    store.manifests[ONE.digest] = (oci.MANIFEST, b"{}")
    store.blobs[blob.digest] = b"hullo"

    with pytest.raises(DigestMismatchError):
        client.manifest(ONE.digest)
    with pytest.raises(DigestMismatchError):
        client.blob(blob.digest)


def test_a_put_that_changed_nothing_is_noticed(store: Store) -> None:
    """A registry that says 201 and keeps the old manifest ends in an error."""
    client = store.client()
    client.put_manifest("one", ONE)
    store.faults = [Fault("PUT", 201)]

    with pytest.raises(DigestMismatchError):
        client.put_manifest("one", Manifest(oci.MANIFEST, b"{}"))


def test_a_truncated_blob_is_tried_again(store: Store) -> None:
    """A connection that ends in the middle of a blob heals."""
    client = store.client()
    blob = client.put_blob(b"hello", "text/plain")
    store.faults = [Fault("GET", 200, {"Content-Length": "5000"}, b"hel")]

    assert client.blob(blob.digest) == b"hello"
    assert sum(line.startswith("GET") for line in store.asked) == 2


def test_a_page_of_something_else_is_no_manifest(store: Store) -> None:
    """A proxy's page in front of the registry is not taken for an image."""
    store.faults = [Fault("manifests/one", 200, {"Content-Type": "text/html"}, b"<html>")]

    with pytest.raises(RegistryError, match="text/html"):
        store.client().manifest("one")


def test_a_registry_that_is_not_there_is_named() -> None:
    """Nobody at the port: what, why and the next command."""
    client = RegistryClient(Repository("127.0.0.1:1", NAME), env={}, clock=QuickClock())

    with pytest.raises(RegistryNetworkError) as caught:
        client.ping()

    assert "127.0.0.1:1" in caught.value.what
    assert "refused" in caught.value.why
    assert "registry.start" in caught.value.next_step


def test_a_token_is_fetched_when_the_registry_asks(store: Store, tmp_path: Path) -> None:
    """A Bearer challenge is answered once, with the credentials of the Docker config."""
    store.token = "secret-token"
    config = {"auths": {store.host: {"auth": base64.b64encode(b"user:word").decode()}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    client = store.client({"DOCKER_CONFIG": str(tmp_path)})

    push_image(client, {})

    tokens = [line for line in store.asked if "/token" in line]
    assert tokens == ["GET /token?service=s&scope=pull"]


def test_a_password_is_sent_when_the_registry_asks(store: Store, tmp_path: Path) -> None:
    """A Basic challenge is answered with the credentials of the Docker config, and once."""
    pair = base64.b64encode(b"user:word").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {store.host: {"auth": pair}}}))
    challenge = {"WWW-Authenticate": 'Basic realm="r"'}
    store.faults = [Fault("/v2/", 401, challenge)]

    store.client({"DOCKER_CONFIG": str(tmp_path)}).ping()

    assert store.authorizations == ["", f"Basic {pair}"]
    store.faults = [Fault("/v2/", 401, challenge)]
    with pytest.raises(RegistryUnauthorizedError):
        store.client().ping()


def test_a_token_server_that_fails_is_named(store: Store) -> None:
    """What stands between us and the token is an error of its own kind."""
    store.token = "secret-token"
    store.faults = [Fault("/token", 403)]

    with pytest.raises(RegistryUnauthorizedError, match="answered 403 for /token"):
        store.client().ping()


def test_a_token_that_is_refused_is_unauthorized(store: Store) -> None:
    """A second 401 ends it; nothing is tried for ever."""
    store.token = "secret-token"
    store.faults = [Fault("/token", 200, body=b'{"token": "wrong"}') for _ in range(9)]

    with pytest.raises(RegistryUnauthorizedError, match="401"):
        store.client().ping()
    assert len(store.asked) <= 4


class SlowAccess(Access):
    """A login that takes long enough to begin for every thread to ask for one."""

    def __init__(self, registry: str, **given: Any) -> None:
        time.sleep(0.1)
        super().__init__(registry, **given)


def test_threads_that_begin_together_log_in_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They share one login from the first request on."""
    monkeypatch.setattr("towpath.registry.client.auth.Access", SlowAccess)
    store.token = "secret-token"
    client, ready = store.client(), threading.Barrier(6)

    def ping() -> None:
        ready.wait(10)
        client.ping()

    threads = [threading.Thread(target=ping) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len([line for line in store.asked if "/token" in line]) == 1


def test_tokens_that_other_threads_used_up_do_not_count(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often another thread renews the token before we do, our own login is still tried."""
    store.token = "secret-token"
    client = store.client()
    client.ping()
    send, access = client._send, client._access
    assert access is not None
    access.header = "Bearer used up"
    others = [f"Bearer of another thread {number}" for number in range(5)]

    def busy(*request: Any) -> Response:
        answer = send(*request)
        access.header = others.pop() if others else access.header
        return answer

    monkeypatch.setattr(client, "_send", busy)
    client.ping()
    assert not others
    assert access.header == "Bearer secret-token"


def test_credentials_go_over_https_only() -> None:
    """A registry elsewhere that sends us to plain http gets no password."""

    def send(*_request: object) -> Response:
        raise AssertionError("nothing may be sent")

    access = Access("r.example.com", is_loopback=False, find=LoginSource, send=send)

    with pytest.raises(RegistryUnauthorizedError, match="an invalid address|requests a token from"):
        access.answer("", 'Bearer realm="http://r.example.com/token"')


@pytest.mark.parametrize(
    "content",
    ["", "{}", '{"auths": {"r": {}}}', '{"auths": {"r": {"auth": "!"}}}', '{"auths": {"r": 1}}'],
)
def test_a_config_without_the_registry_gives_no_credentials(tmp_path: Path, content: str) -> None:
    """A missing, broken or other config is no error: the registry says if it wants more."""
    (tmp_path / "config.json").write_text(content)

    assert credentials({"DOCKER_CONFIG": str(tmp_path)}, "r") is None


def test_credentials_are_read_from_the_home_directory(tmp_path: Path) -> None:
    """Without DOCKER_CONFIG the file is in ~/.docker; a colon in the password stays."""
    (tmp_path / ".docker").mkdir()
    pair = base64.b64encode(b"user:a:b").decode()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"auths": {"r": {"auth": pair}}}))

    assert credentials({"HOME": str(tmp_path)}, "r") == Credentials("user", "a:b")
