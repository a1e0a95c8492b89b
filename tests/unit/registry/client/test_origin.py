"""Credentials and uploads are for the registry they belong to: every way out of it is tried."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry_server import NAME, Fault, Store, serving
from towpath.core.errors import RegistryError, RegistryRefusedError, RegistryUnauthorizedError
from towpath.registry import oci_reader as oci
from towpath.registry.client import uploads, urls
from towpath.registry.client.auth import Access
from towpath.registry.client.credentials import Credentials, LoginSource
from towpath.registry.client.uploads import CHUNK, UploadSessions
from towpath.registry.client.wire import Response

pytestmark = pytest.mark.door

PAIR = base64.b64encode(b"user:word").decode()
ASKED = {"WWW-Authenticate": 'Basic realm="r"'}


@pytest.fixture
def foreign() -> Iterator[Store]:
    """Another server, which gets nothing that is ours."""
    with serving() as found:
        yield found


@pytest.fixture
def env(store: Store, tmp_path: Path) -> dict[str, str]:
    """A Docker config with a login for the registry."""
    (tmp_path / "config.json").write_text(json.dumps({"auths": {store.host: {"auth": PAIR}}}))
    return {"DOCKER_CONFIG": str(tmp_path)}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_an_upload_does_not_follow_its_location_elsewhere(
    store: Store, foreign: Store, env: dict[str, str], method: str
) -> None:
    """Neither the blob nor the login goes to a host that a Location names."""
    place = {"Location": f"http://{foreign.host}/v2/{NAME}/blobs/uploads/u?state=x"}
    status = 202 if method == "POST" else 307
    store.faults = [Fault("GET /v2/", 401, ASKED), Fault(method, status, place)]
    client = store.client(env)
    client.ping()

    with pytest.raises(RegistryRefusedError, match=foreign.host) as caught:
        client.put_blob(b"secret", "text/plain")

    assert foreign.asked == []
    assert "are sent only to the registry's own address" in caught.value.why


@pytest.mark.parametrize(
    "place", ["http://r.example.com/x", "//example.com/x", "ftp://e/x", "http://["]
)
def test_a_chunk_does_not_follow_either(store: Store, place: str) -> None:
    """Also one that a registry sends on in the middle of a blob."""
    content = bytes(2 * CHUNK)
    store.faults = [Fault("PATCH", 202, {"Location": place})]

    class Zeros:
        def seek(self, offset: int) -> None:
            return

        def read_fully(self, size: int) -> bytes:
            return bytes(size)

    with pytest.raises(RegistryRefusedError, match="redirects to|an invalid address"):
        uploads.stream(store.client(), oci.sha256(content), len(content), Zeros(), UploadSessions())


def test_a_place_that_was_noted_is_checked_again(store: Store, foreign: Store) -> None:
    """A note on disk could have been written by somebody else."""
    with pytest.raises(RegistryRefusedError):
        store.client().ask("GET", f"http://{foreign.host}/v2/{NAME}/blobs/uploads/u")
    assert foreign.asked == []


def test_an_upload_that_is_moved_within_the_registry_goes_on(store: Store) -> None:
    """307 and 308 keep method and body; the registry may rename its own places."""
    store.faults = [Fault("PUT", 308, {"Location": f"/v2/{NAME}/blobs/uploads/u2?again=1"})]

    with pytest.raises(RegistryError, match="404"):
        store.client().put_manifest("one", oci.index_of([]))

    assert store.asked[-1] == f"PUT /v2/{NAME}/blobs/uploads/u2?again=1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_what_is_read_elsewhere_is_read_without_a_login(
    store: Store, foreign: Store, env: dict[str, str], status: int
) -> None:
    """A store for blobs gets no password, and where it asks for one, none either."""
    client = store.client(env)
    blob = client.put_blob(b"hello", "text/plain")
    foreign.blobs[blob.digest] = b"hello"
    place = f"http://{foreign.host}/v2/{NAME}/blobs/{blob.digest}"
    store.faults = [
        Fault("blobs/sha256", 401, ASKED),
        Fault("blobs/sha256", status, {"Location": place}),
    ]

    assert client.blob(blob.digest) == b"hello"
    assert (foreign.authorizations, store.authorizations[-1]) == ([""], f"Basic {PAIR}")


def test_who_keeps_blobs_is_not_asked_for_a_token_s_place(
    store: Store, foreign: Store, env: dict[str, str]
) -> None:
    """A challenge of another host would send the password wherever it says."""
    place = {"Location": f"http://{foreign.host}/x"}
    realm = f'Bearer realm="http://{foreign.host}/token"'
    store.faults = [Fault("manifests/one", 307, place)]
    foreign.faults = [Fault("/x", 401, {"WWW-Authenticate": realm})]

    with pytest.raises(RegistryUnauthorizedError):
        store.client(env).resolve("one")

    assert foreign.asked == ["GET /x"]
    assert foreign.authorizations == [""]


@pytest.mark.parametrize("what", ["tags", "referrers"])
def test_a_list_goes_on_in_its_registry_only(
    store: Store, foreign: Store, env: dict[str, str], what: str
) -> None:
    """A Link to another host is an error: the list would be cut, or filled by somebody else."""
    link = {"Link": f'<http://{foreign.host}/v2/x>; rel="next"'}
    store.referrers = True
    body = b'{"tags": ["one"]}' if what == "tags" else oci.index_of([]).content
    store.faults = [Fault(what, 200, link, body)]
    client = store.client(env)

    with pytest.raises(RegistryRefusedError, match=foreign.host):
        client.tags() if what == "tags" else client.referrers(f"sha256:{'0' * 64}")
    assert foreign.asked == []


@pytest.mark.parametrize(
    ("realm", "loopback"),
    [
        ("http://r.example.com/token", False),
        ("http://127.0.0.1:1/token", False),
        ("http://r.example.com/token", True),
        ("http://127.evil.example.com/token", True),
        ("http://localhost.evil.com/token", True),
        ("http://0.0.0.0/token", True),
        ("http://2130706433/token", True),
        ("https://user:word@r.example.com/token", False),
        ("https://r.example.com\\@evil.com/token", False),
        ("ftp://r.example.com/token", False),
        ("https://", False),
        ("token", False),
    ],
)
def test_a_password_goes_for_a_token_over_tls_only(realm: str, loopback: bool) -> None:
    """Plain http is for a registry of this machine that names this machine."""

    def send(*_request: object) -> Response:
        raise AssertionError("nothing may be sent")

    credentials = LoginSource(Credentials("user", "word"))
    access = Access("r.example.com", is_loopback=loopback, find=lambda: credentials, send=send)

    with pytest.raises(
        RegistryUnauthorizedError, match="an invalid address|requests a token from"
    ) as caught:
        access.answer("", f'Bearer realm="{realm}"')
    assert "word" not in str(caught.value)


def test_another_host_may_give_tokens(store: Store) -> None:
    """The protocol lets a registry name one, as Docker Hub does; it is asked over TLS."""
    sent: list[tuple[str, str]] = []

    def send(_method: str, url: str, headers: dict[str, str], _body: bytes) -> Response:
        sent.append((url, headers["Authorization"]))
        return store.client().once("GET", "/token")

    store.token = "short"
    find = LoginSource(Credentials("user", "word"))
    access = Access("r", is_loopback=False, find=lambda: find, send=send)  # type: ignore[arg-type]

    assert access.answer("", 'Bearer realm="https://auth.example.com/t",service="s"') == 1
    assert sent == [("https://auth.example.com/t?service=s", f"Basic {PAIR}")]
    assert (access.header, access.authenticated) == ("Bearer short", True)


@pytest.mark.parametrize("token", ["a\r\nX: y", "", "a b", "ü", 1, None, ["a"], "x" * 20000])
def test_a_token_that_is_none_is_refused(store: Store, token: object) -> None:
    """It becomes a header: nobody adds another one through it."""
    store.token = "wanted"
    store.faults = [Fault("/token", 200, body=json.dumps({"token": token}).encode())]

    with pytest.raises(RegistryUnauthorizedError, match="returned no token"):
        store.client().ping()


def test_a_client_says_whether_it_is_known(store: Store, env: dict[str, str]) -> None:
    """By credentials, and not by a token that everybody gets; wrong ones do not count."""
    store.token = "short"
    assert store.client(env).authenticated
    assert not store.client().authenticated
    store.token = ""
    assert not store.client(env).authenticated
    store.faults = [Fault("/v2/", 401, ASKED), Fault("/v2/", 401, ASKED)]
    assert not store.client(env).authenticated


def test_its_own_config_goes_before_the_user_s(store: Store, tmp_path: Path) -> None:
    """The embedded registry's password is in a directory that only its own clients can open."""
    (tmp_path / "config.json").write_text(json.dumps({"auths": {store.host: {"auth": PAIR}}}))
    from towpath.registry.client import RegistryClient

    store.faults = [Fault("/v2/", 401, ASKED)]
    client = RegistryClient(store.repository, env={}, own=lambda: tmp_path)

    assert client.authenticated
    assert store.authorizations == ["", f"Basic {PAIR}"]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://R.example.com/x", ("https", "r.example.com", 443)),
        ("https://r.example.com:443/x", ("https", "r.example.com", 443)),
        ("http://[::1]:5000/", ("http", "::1", 5000)),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: tuple[str, str, int]) -> None:
    """However it is written."""
    assert urls.origin(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/x",
        "https://u@r/",
        "https://u:p@r/",
        "https://r:0/",
        "https://r:65536/",
        "https://r:x/",
        "https://r/a b",
        "https://r/\r\nX:",
        "https://r\\@e/",
        "https://r/#@e/",
        "https://ü/",
        "https://[::1/",
        "file:///etc/passwd",
        "https://r/" + "x" * 20000,
    ],
)
def test_an_odd_url_is_refused(url: str) -> None:
    """Before two programs read it in two ways."""
    with pytest.raises(RegistryRefusedError):
        urls.origin(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@r/x?X-Amz-Signature=1", "https://r/x"),
        ("r/x?y", "r/x"),
        ("https://[", "(not a URL)"),
        ("https://r/\x1b[2J", "https://r/?[2J"),
    ],
)
def test_a_url_is_shown_without_secrets(url: str, shown: str) -> None:
    """No user, no password, no signature, no letters that move the cursor."""
    assert urls.shown(url) == shown
