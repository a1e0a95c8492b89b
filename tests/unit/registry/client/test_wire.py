"""HTTP itself: bodies of each kind, lines that break, redirections, and the wire elsewhere."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.registry_server import NAME, Fault, Store
from towpath.core.errors import RegistryRateLimitedError, RegistryRefusedError
from towpath.registry import oci_reader as oci
from towpath.registry.client import errors as failures
from towpath.registry.client import loopback
from towpath.registry.client.https import HttpsTransport
from towpath.registry.client.loopback import LoopbackTransport
from towpath.registry.client.urls import origin
from towpath.registry.client.wire import Response

pytestmark = pytest.mark.door

OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def saying(*answers: bytes) -> Iterator[str]:
    """Answer each connection with these very bytes, then hang up; return where that is."""
    server = socket.create_server(("127.0.0.1", 0))
    accepted: list[socket.socket] = []

    def serve() -> None:
        # A client that has heard enough may be gone already, and so may the test.
        with suppress(OSError):
            for answer in answers:
                connection, _ = server.accept()
                accepted.append(connection)
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x"
    finally:
        # Wakes a thread that still waits for a client, or for the end of one that keeps its wire.
        for waiting in (server, *accepted):
            with suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
        (OK + b"Content-Length: 0\r\n\r\n", b""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", b"hello"),
        (OK + b"\r\nhello", b"hello"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 2 + OK + b"\r\nhello", b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (OK + b"A: b\r\n c\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    ],
    ids=["sized", "empty", "chunked", "to the end", "1.0", "announced", "hints", "none", "folded"],
)
def test_every_kind_of_body_is_read(answer: bytes, body: bytes) -> None:
    """By its length, in chunks, or to the end of the connection."""
    with saying(answer) as url:
        assert LoopbackTransport().send("GET", url, {}, b"").content == body


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        OK + b"Content-Length: 9\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhel",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        OK + b"a: b\r\n" * 300 + b"\r\n",
        OK + b"Content-Length: 0\r\n",
        OK + b"\0: b\r\nx\r\nContent-Length: 0\r\n\r\n",
        OK + b"Content-Length: 5\r\n 6\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n" + b"x" * 99,
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
    ],
    ids=[
        "nothing",
        "invalid HTTP",
        "half a head",
        "short",
        "half a chunk",
        "no chunk",
        "endless",
        "a head without its end",
        "a line that is no header",
        "a length in two lines",
        "a negative chunk",
        "chunks without their end",
        "an announcement alone",
    ],
)
def test_what_is_no_whole_answer_is_a_broken_connection(answer: bytes) -> None:
    """Half an answer is never taken for a whole one."""
    with saying(answer) as url, pytest.raises(ConnectionError):
        _ = LoopbackTransport().send("GET", url, {}, b"").content


def test_a_connection_that_hung_up_is_not_used_again() -> None:
    """A connection is kept for the next request, unless the other side has ended it."""
    with saying(OK + b"Content-Length: 2\r\n\r\nhi", OK + b"Content-Length: 2\r\n\r\nho") as url:
        wire = LoopbackTransport()
        assert wire.send("GET", url, {}, b"").content == b"hi"
        (kept,) = wire._idle[url.split("/")[2]]
        while kept.alive():
            time.sleep(0.01)
        assert wire.send("GET", url, {}, b"").content == b"ho"


def test_a_connection_with_bytes_that_nobody_asked_for_is_not_used_again() -> None:
    """They would be taken for the answer to the next request."""
    sized = OK + b"Content-Length: 2\r\n\r\n"
    with saying(sized + b"hi" + sized + b"no", sized + b"ho") as url:
        wire = LoopbackTransport()
        assert wire.send("GET", url, {}, b"").content == b"hi"
        assert wire.send("GET", url, {}, b"").content == b"ho"


def test_what_was_said_before_the_other_side_hung_up_is_read() -> None:
    """A body that is refused is not read to its end, and why it is refused was sent before."""
    server = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")

    thread = threading.Thread(target=refuse)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        answer = LoopbackTransport().send("PUT", url, {}, bytes(64 << 20))
        assert (answer.status, answer.content) == (413, b"no")
    finally:
        thread.join(5)
        server.close()


def test_another_machine_is_not_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its name says: who is at the other end of the connection counts."""
    monkeypatch.setattr(loopback, "is_loopback", lambda address: False)
    with (
        saying(OK + b"\r\n") as url,
        pytest.raises(ConnectionError, match="not a loopback address"),
    ):
        LoopbackTransport().send("GET", url, {}, b"")


@pytest.mark.parametrize("value", ["a\r\nB: c", "a\r\n c", "a\n", "\r"])
def test_a_header_with_a_line_break_is_not_sent(value: str) -> None:
    """Nobody adds headers of his own through a value."""
    with saying(b"") as url, pytest.raises(ConnectionError, match="line break"):
        LoopbackTransport().send("GET", url, {"X": value}, b"")


def test_elsewhere_says_the_same(store: Store) -> None:
    """The wire for other machines gives the same answers, bytes and failures."""
    client = store.client()
    blob = client.put_blob(b"hello", "text/plain")
    wire = HttpsTransport()
    base = f"http://{store.host}/v2/{NAME}/"

    found = wire.send("GET", f"{base}blobs/{blob.digest}", {"X": "y"}, b"")
    none = wire.send("GET", f"{base}blobs/sha256:0", {}, b"")

    assert (found.status, found.content, none.status) == (200, b"hello", 404)
    found.close()
    none.close()
    with pytest.raises(ConnectionError, match="refused"):
        wire.send("GET", "http://127.0.0.1:1/", {}, b"")
    with saying(OK + b"Content-Length: 9\r\n\r\nhello") as url, pytest.raises(ConnectionError):
        _ = wire.send("GET", url, {}, b"").content
    wire.close()


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://localhost:5000/v2/", True),
        ("http://127.0.0.2/v2/", True),
        ("http://[::1]:5000/v2/", True),
        ("https://localhost/v2/", False),
        ("http://localhost.example.com/v2/", False),
        ("http://10.0.0.1/", False),
    ],
)
def test_plain_http_is_for_this_machine(url: str, near: bool) -> None:
    """Everything else is verified."""
    assert origin(url).is_near is near


def test_a_blob_may_live_somewhere_else(store: Store) -> None:
    """A redirection is followed, and the login stays with the registry."""
    store.token = "secret"
    client = store.client()
    blob = client.put_blob(b"hello", "text/plain")
    with saying(OK + b"Content-Length: 5\r\n\r\nhello") as url:
        store.faults = [Fault(f"GET /v2/{NAME}/blobs", 307, {"Location": url})]
        assert client.blob(blob.digest) == b"hello"


@pytest.mark.parametrize("place", ["http://example.invalid/x", "ftp://127.0.0.1/x"])
def test_a_redirection_to_an_unsafe_place_is_refused(store: Store, place: str) -> None:
    """Images come over https, except from this machine."""
    store.faults = [Fault("manifests/one", 307, {"Location": place})]

    with pytest.raises(RegistryRefusedError, match="redirects to|an invalid address"):
        store.client().resolve("one")


def test_a_circle_of_redirections_ends(store: Store) -> None:
    """Five are enough."""
    store.faults = [Fault("manifests/one", 307, {"Location": "one"}) for _ in range(99)]

    with pytest.raises(RegistryRefusedError, match="Too many redirects"):
        store.client().resolve("one")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Wed, 25 Nov 2026 10:00:30 GMT"}, 30),
        (
            {
                "retry-after": "Wed, 25 Nov 2026 10:00:30 GMT",
                "date": "Wed, 25 Nov 2026 10:00:10 GMT",
            },
            20,
        ),
        ({"retry-after": "Wed, 25 Nov 2026 09:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, 0),
        ({}, 0),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float) -> None:
    """Seconds or a date, held against the registry's own clock where it shows one."""
    answer = Response("http://r/", 429, "", headers, _None())
    ten = 1_795_600_800.0  # Wed, 25 Nov 2026 10:00:00 GMT

    error = failures.refused(answer, "r", lambda: ten)

    assert isinstance(error, RegistryRateLimitedError)
    assert error.seconds == seconds


class _None:
    def read(self, size: int) -> bytes:
        return b""

    def close(self) -> None:
        return


def test_who_wants_too_long_is_believed_at_once(store: Store) -> None:
    """Nothing is waited for, and nobody is asked again."""
    store.faults = [Fault("manifests/one", 429, {"Retry-After": "3600"}) for _ in range(9)]

    with pytest.raises(RegistryRateLimitedError) as caught:
        store.client().resolve("one")

    assert "3600 s" in caught.value.next_step
    assert len(store.asked) == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_a_blob_is_read_on_from_where_it_broke(store: Store, ranges: bool) -> None:
    """Also where the registry knows no ranges: what we have is thrown away then."""
    store.ranges = ranges
    client = store.client()
    blob = client.put_blob(b"hello, world", "text/plain")
    store.faults = [Fault("GET", 200, {"Content-Length": "5000"}, b"hello")]

    assert client.blob(blob.digest) == b"hello, world"


def test_a_tag_is_deleted_where_that_is_known(store: Store) -> None:
    """Where it is not, that is said; a digest is deleted everywhere."""
    client = store.client()
    manifest = oci.index_of([])
    client.put_manifest("one", manifest)
    store.deletes_tags = False
    with pytest.raises(RegistryRefusedError, match="405"):
        client.delete("one")
    store.deletes_tags = True

    client.delete("one")
    client.delete(manifest.digest)

    assert client.tags() == []
    assert not client.has_manifest(manifest.digest)
