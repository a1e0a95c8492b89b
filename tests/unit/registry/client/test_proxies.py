"""Proxies, certificates and logins of the environment, on the way to another machine."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.clock import QuickClock
from tests.registry_server import Fault, Store
from towpath.core.errors import RegistryNetworkError, RegistryUnauthorizedError
from towpath.core.references import Repository
from towpath.registry.client import RegistryClient
from towpath.registry.client.proxies import proxy
from towpath.registry.client.urls import Origin

FAR = Origin("https", "r.example.com", 443)
P = "http://p:3128"


@pytest.mark.parametrize(
    ("env", "to", "expected"),
    [
        ({}, FAR, ""),
        ({"https_proxy": P}, FAR, P),
        ({"HTTPS_PROXY": P}, FAR, P),
        ({"https_proxy": "p:3128"}, FAR, P),
        ({"http_proxy": P}, FAR, ""),
        ({"all_proxy": P}, FAR, P),
        ({"https_proxy": P, "no_proxy": "*"}, FAR, ""),
        ({"https_proxy": P, "no_proxy": "r.example.com"}, FAR, ""),
        ({"https_proxy": P, "NO_PROXY": "other, .example.com"}, FAR, ""),
        ({"https_proxy": P, "no_proxy": "*.example.com"}, FAR, ""),
        ({"https_proxy": P, "no_proxy": "example.com:443"}, FAR, ""),
        ({"https_proxy": P, "no_proxy": "example.com:5000"}, FAR, P),
        ({"https_proxy": P, "no_proxy": "ample.com,,."}, FAR, P),
        ({"https_proxy": P, "no_proxy": "10.0.0.0/8"}, Origin("https", "10.1.2.3", 443), ""),
        ({"https_proxy": P, "no_proxy": "10.0.0.0/8"}, Origin("https", "11.1.2.3", 443), P),
        ({"https_proxy": P, "no_proxy": "[2001:db8::1]"}, Origin("https", "2001:db8::1", 443), ""),
        ({"http_proxy": P, "all_proxy": P}, Origin("http", "localhost", 5000), ""),
        ({"https_proxy": P}, Origin("https", "127.0.0.1", 5000), ""),
        ({"https_proxy": P}, Origin("https", "::1", 5000), ""),
        ({"https_proxy": P}, Origin("https", "127.evil.example.com", 443), P),
    ],
)
def test_a_proxy_is_found_by_its_variables(env: dict[str, str], to: Origin, expected: str) -> None:
    """This machine is always asked directly."""
    assert proxy(env, to) == expected


@pytest.fixture
def tunnel(store: Store, tmp_path: Path) -> Iterator[str]:
    """A proxy that leads every host to the store, over TLS with a name of `r.example.com`."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    argv += ["-nodes", "-days=2", "-subj=/CN=r", "-addext=subjectAltName=DNS:r.example.com"]
    words = [part for row in argv for part in (row.split("=", 1) if row.startswith("-") else [row])]
    made = [*words, "-keyout", str(key), "-out", str(cert)]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = socket.create_server(("127.0.0.1", 0))

    def lead(near: socket.socket) -> None:
        with suppress(OSError), near:
            near.recv(65536)
            near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with context.wrap_socket(near, server_side=True) as inner:
                with socket.create_connection(("127.0.0.1", store.port)) as far:
                    # One request and its answer, which is all that these tests need.
                    while piece := inner.recv(65536):
                        far.sendall(piece)
                        inner.sendall(far.recv(65536))

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=lead, args=(server.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


@pytest.mark.door
def test_only_our_own_login_goes_to_a_registry(
    store: Store, tunnel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """~/.netrc, and the variables of our own process, are somebody else's."""
    (tmp_path / ".netrc").write_text("default login other password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    env = {"https_proxy": tunnel, "REQUESTS_CA_BUNDLE": str(tmp_path / "cert.pem")}
    client = RegistryClient(Repository("r.example.com", "a/b"), env=env, clock=QuickClock())

    client.ping()

    assert (store.asked, store.authorizations) == (["GET /v2/"], [""])
    # Its certificate counts, and so does the variable that names it.
    del env["REQUESTS_CA_BUNDLE"]
    with pytest.raises(RegistryNetworkError, match="r.example.com"):
        RegistryClient(Repository("r.example.com", "a/b"), env=env, clock=QuickClock()).ping()
    assert os.environ["https_proxy"] == "http://127.0.0.1:1"


@pytest.mark.door
@pytest.mark.parametrize("realm", ["http://r.example.com/token", "http://127.0.0.1:1/token"])
def test_a_registry_elsewhere_sends_nobody_to_plain_http(
    store: Store, tunnel: str, tmp_path: Path, realm: str
) -> None:
    """Neither for a token nor for what is read, not even to this machine."""
    env = {"https_proxy": tunnel, "REQUESTS_CA_BUNDLE": str(tmp_path / "cert.pem")}
    store.faults = [Fault("/v2/", 401, {"WWW-Authenticate": f'Bearer realm="{realm}"'})]
    client = RegistryClient(Repository("r.example.com", "a/b"), env=env, clock=QuickClock())

    with pytest.raises(RegistryUnauthorizedError, match="an invalid address|requests a token from"):
        client.ping()
    assert store.asked == ["GET /v2/"]


@pytest.mark.door
def test_this_machine_is_asked_without_a_proxy(store: Store) -> None:
    """Whatever the variables say."""
    env = {"http_proxy": "http://127.0.0.1:1", "all_proxy": "http://127.0.0.1:1"}
    store.client(env).ping()

    assert store.asked == ["GET /v2/"]
