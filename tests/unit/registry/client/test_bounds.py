"""What a hostile registry says: size, depth, type and time of every document have a limit."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.clock import QuickClock
from tests.registry_server import NAME, Fault, Store
from towpath.core.errors import (
    NothingToJudgeError,
    RegistryError,
    RegistryFailingError,
    RegistryNetworkError,
    RegistryRateLimitedError,
    TowpathError,
)
from towpath.core.references import Repository
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.client import https as elsewhere
from towpath.registry.client import loopback, wire
from towpath.registry.client.https import HttpsTransport
from towpath.registry.client.loopback import LoopbackTransport
from towpath.registry.client.wire import DOCUMENT, TooMuchError, Wire
from towpath.registry.oci_reader import Manifest

pytestmark = pytest.mark.door

OK = b"HTTP/1.1 200 OK\r\n"
DEEP = b"[" * 200_000
HUGE = b"9" * 5000


@contextmanager
def pouring(head: bytes, piece: bytes = b"", pause: float = 0.0) -> Iterator[str]:
    """Answer each connection with a head and then a piece again and again; return where that is."""
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def pour(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            while piece and not over.wait(pause):
                connection.sendall(piece)

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                threading.Thread(target=pour, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        over.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


WIRES = pytest.mark.parametrize("kind", [LoopbackTransport, HttpsTransport])


@WIRES
@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"\r\n", b"x" * 65536),
        (b"Content-Length: 99999999999\r\n\r\n", b"x" * 65536),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    ],
    ids=["to the end", "sized", "chunked"],
)
def test_a_document_without_an_end_is_not_read_on(
    kind: type[LoopbackTransport | HttpsTransport], head: bytes, piece: bytes
) -> None:
    """Whatever it says of its length; no more than the limit is in memory."""
    with pouring(OK + head, piece) as host, pytest.raises(TooMuchError):
        _ = kind().send("GET", f"http://{host}/", {}, b"").document(1_000_000)


@WIRES
def test_a_body_that_drips_is_given_up(
    kind: type[LoopbackTransport | HttpsTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then would keep us for ever."""
    monkeypatch.setattr(wire, "GRACE", 0.3)
    with pouring(OK + b"Content-Length: 5000\r\n\r\n", b"x", 0.02) as host:
        found: Wire = kind()
        began = time.monotonic()
        with pytest.raises(OSError, match="bytes arrived in"):
            _ = found.send("GET", f"http://{host}/", {}, b"").content
    assert time.monotonic() - began < 5


@WIRES
@pytest.mark.parametrize("head", [b"HTTP/1.1 2", OK + b"A: ", OK + b"\r\n".join([b"A: b"] * 5)])
def test_a_head_that_drips_is_given_up(
    kind: type[LoopbackTransport | HttpsTransport], head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its time as a whole, and not line by line."""
    monkeypatch.setattr(loopback, "SILENCE", 0.3)
    monkeypatch.setattr(elsewhere, "SILENCE", 0.3)
    with pouring(head, b"x", 0.02) as host:
        began = time.monotonic()
        with pytest.raises(OSError):
            kind().send("GET", f"http://{host}/", {}, b"")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("answer", "piece"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 " + HUGE + b" OK\r\n\r\n", b""),
        (b"HTTP/1.1 000 OK\r\n\r\n", b""),
        (OK + b"Content-Length: " + HUGE + b"\r\n\r\n", b""),
        (OK + b"Content-Length: -5\r\n\r\nhello", b""),
        (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", b""),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello", b""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello", b""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + HUGE + b"\r\n", b""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
        (OK, b"A: b\r\n"),
        (OK + b"A: ", b"x" * 65536),
    ],
)
def test_a_frame_that_lies_is_a_broken_connection(answer: bytes, piece: bytes) -> None:
    """Lengths that are none, or two; heads and trailers without an end."""
    with pouring(answer, piece) as host, pytest.raises(OSError):
        _ = LoopbackTransport().send("GET", f"http://{host}/", {}, b"").content


def said(store: Store, where: str, body: bytes, **headers: str) -> None:
    """Let the store say this, however often it is asked."""
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    store.faults = [Fault(where, 200, found, body) for _ in range(9)]


@pytest.mark.parametrize("where", ["manifests", "tags", "referrers", "token"])
@pytest.mark.parametrize(
    "body",
    [DEEP, b"{" + b'"a":{' * 100_000, HUGE, b"[]", b"null", b"\xff", b"", b'{"manifests": {}}'],
    ids=["deep", "deeper", "a number", "a list", "null", "no text", "nothing", "a table"],
)
def test_a_document_of_another_kind_is_an_error_with_a_name(
    store: Store, where: str, body: bytes
) -> None:
    """Never a traceback: each is one of ours, or reads as nothing where that is right."""
    digest = f"sha256:{'0' * 64}"
    store.token = "short" if where == "token" else ""
    said(store, where, body, Content_Type=oci.INDEX)
    client = store.client()
    acts: dict[str, Any] = {
        "manifests": lambda: oci.entries(client.manifest("one")),
        "tags": client.tags,
        "referrers": lambda: client.referrers(digest),
        "token": client.ping,
    }
    try:
        assert acts[where]() in ([], None)
    except TowpathError as error:
        assert error.what


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("size", -1),
        ("size", True),
        ("size", "5"),
        ("size", 1e9),
        ("size", float("inf")),
        ("size", 1 << 60),
        ("digest", "sha256:../../x"),
        ("digest", "x"),
        ("digest", 5),
        ("mediaType", ["x"]),
        ("artifactType", {}),
        ("platform", "linux"),
    ],
)
def test_a_descriptor_that_lies_is_refused(key: str, value: object) -> None:
    """It becomes a path, a URL and a number of bytes."""
    row = {"mediaType": oci.MANIFEST, "digest": f"sha256:{'0' * 64}", "size": 5, key: value}
    index = Manifest(oci.INDEX, json.dumps({"manifests": [row]}).encode())

    with pytest.raises(
        NothingToJudgeError, match="descriptor|is not valid JSON|more than 18 digits"
    ):
        oci.entries(index)


@pytest.mark.parametrize("subject", [None, [], "x", {"digest": 5}, {}])
def test_a_subject_that_is_none_is_empty(subject: object) -> None:
    """It fits no image then."""
    assert oci.subject_of(Manifest(oci.MANIFEST, json.dumps({"subject": subject}).encode())) == ""


def test_a_large_manifest_is_refused_while_it_is_read(store: Store) -> None:
    """A registry does not fill our memory."""
    said(store, "manifests", b" " * (DOCUMENT + 1), Content_Type=oci.INDEX)

    with pytest.raises(RegistryError, match="sent a document that is too large"):
        store.client().manifest("one")
    assert len(store.asked) == 1


def test_a_packed_document_is_refused(store: Store) -> None:
    """Nobody asked for it, and its digest would be another."""
    said(store, "manifests", b"x", Content_Type=oci.INDEX, Content_Encoding="gzip")

    with pytest.raises(RegistryError, match="sent a compressed response"):
        store.client().manifest("one")


@pytest.mark.parametrize("size", [4, 5])
def test_a_blob_is_not_larger_than_it_is_said_to_be(store: Store, size: int) -> None:
    """The size of its descriptor is checked while it is read."""
    client = store.client()
    blob = client.put_blob(b"hello", "text/plain")
    if size == 5:
        assert client.blob(blob.digest, size) == b"hello"
        return
    with pytest.raises(RegistryError, match="larger than its manifest says"):
        client.blob(blob.digest, size)


@pytest.mark.parametrize("reference", ["../x", "a/b", "", "a?b", "a#b", "sha256:x y", "a\r\nb"])
def test_a_reference_that_is_none_never_becomes_a_url(store: Store, reference: str) -> None:
    """It may come out of a document."""
    client = store.client()
    for act in (client.manifest, client.has_blob, client.has_manifest, client.delete, client.blob):
        with pytest.raises(RegistryError, match="not a valid tag or digest"):
            act(reference)
    assert store.asked == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"errors":[{"code":"A","message":"\\u001b[2Jx\\nb"}]}', "A:  [2Jx b"),
        (b'{"errors":[{"code":"A","message":"' + b"x" * 1000 + b'"}]}', "A: " + "x" * 297 + "..."),
        (b'{"errors":' + DEEP, "Internal Server Error"),
        (b"x" * 100_000, "Internal Server Error"),
        (b'{"errors": 5}', "Internal Server Error"),
    ],
    ids=["control letters", "long", "deep", "large", "no list"],
)
def test_what_a_registry_says_of_an_error_is_shown_on_one_line(
    store: Store, body: bytes, why: str
) -> None:
    """In moderate length, and without letters that move the cursor."""
    store.faults = [Fault("manifests", 500, body=body) for _ in range(9)]

    with pytest.raises(RegistryFailingError) as caught:
        store.client().manifest("one")
    assert caught.value.why == why


@pytest.mark.parametrize("text", ["9" * 400, "Wed, 99 Nov 99999 10:00:30 GMT", "\xb2", "-1"])
def test_a_strange_time_to_wait_is_an_error_with_a_name(store: Store, text: str) -> None:
    """Too long is too long, and what is no time is none."""
    store.faults = [Fault("manifests", 429, {"Retry-After": text}) for _ in range(9)]

    with pytest.raises(RegistryRateLimitedError):
        store.client().manifest("one")


@pytest.mark.parametrize("span", ["0-99999999999", f"0-{'9' * 5000}", "x", "0--5", "7-9", ""])
def test_an_upload_does_not_go_on_behind_its_end(store: Store, span: str) -> None:
    """What a registry says that it has is checked against the size."""
    from towpath.registry.client import uploads

    content = bytes(uploads.CHUNK + 5)
    digest = oci.sha256(content)
    places = uploads.UploadSessions()
    places.remember(
        f"{store.repository}@{digest}", f"http://{store.host}/v2/{NAME}/blobs/uploads/u"
    )
    store.uploads["u"] = b""
    store.faults = [Fault("GET", 204, {"Range": span})]

    class Zeros:
        def seek(self, offset: int) -> None:
            return

        def read_fully(self, size: int) -> bytes:
            return bytes(size)

    assert uploads.stream(store.client(), digest, len(content), Zeros(), places) == len(content)
    assert store.blobs == {digest: content}


def test_a_registry_that_says_nothing_at_all_is_named() -> None:
    """No traceback of a socket."""
    with pouring(b"") as host:
        client = RegistryClient(Repository(host, NAME), env={}, clock=QuickClock())
        with pytest.raises(RegistryNetworkError, match=host):
            client.resolve("one")
