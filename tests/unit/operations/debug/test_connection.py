"""The first steps to a registry, with real names, sockets and certificates on loopback."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from towpath.core.errors import CommandFailedError
from towpath.operations.debug import connection
from towpath.operations.debug.connection import Way
from towpath.registry.client.urls import Origin

pytestmark = pytest.mark.door

SUBJECT = "/CN=localhost/O=Planted Authority"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate of localhost, with its key, by an authority of its own."""
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    openssl = shutil.which("openssl")
    assert openssl
    argv = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj"]
    argv += [SUBJECT, "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*argv, "-keyout", str(file), "-out", f"{file}.crt"], check=True, capture_output=True
    )
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


@pytest.fixture
def secured(certificate: Path) -> Iterator[int]:
    """Return the port of a server that speaks TLS, and closes what is connected."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            with suppress(OSError), context.wrap_socket(line, server_side=True) as found:
                found.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def refused(way: Way, env: dict[str, str] | None = None) -> CommandFailedError:
    """Return the error of a connection that is not made."""
    with pytest.raises(CommandFailedError) as caught:
        connection.connect(way, env or {})
    return caught.value


def test_a_certificate_that_is_trusted(secured: int, certificate: Path) -> None:
    """For whom, by whom and until when, as the client of the registry verifies it."""
    found = connection.connect(
        Way(Origin("https", "localhost", secured)), {"REQUESTS_CA_BUNDLE": f"{certificate}.crt"}
    )

    assert found.startswith("TLSv1.")
    assert "certificate of localhost by Planted Authority until " in found


def test_a_certificate_of_an_unknown_authority(secured: int) -> None:
    """As a company's proxy has one; which variable names it is said."""
    error = refused(Way(Origin("https", "localhost", secured)))

    assert error.what == "The certificate of localhost is not trusted."
    assert "self-signed certificate" in error.why
    assert "REQUESTS_CA_BUNDLE" in error.next_step


def test_a_certificate_of_another_name(secured: int, certificate: Path) -> None:
    """It is verified, too."""
    env = {"REQUESTS_CA_BUNDLE": f"{certificate}.crt"}

    error = refused(Way(Origin("https", "127.0.0.1", secured)), env)

    assert error.what == "The certificate of 127.0.0.1 is not trusted."
    assert "127.0.0.1" in error.why


def test_a_port_that_speaks_no_tls() -> None:
    """It answers with a page."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.recv(1024)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        error = refused(Way(Origin("https", "localhost", port)))
        thread.join()

    assert error.what == f"localhost:{port} does not speak TLS."
    assert "plain HTTP is for registries on this machine only" in error.next_step


def test_nothing_listens() -> None:
    """Another machine's registry cannot be started from here."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    far = refused(Way(Origin("https", "localhost", port)))
    near = refused(Way(Origin("http", "localhost", port)))

    assert far.what == near.what == f"No connection to localhost:{port}."
    assert far.next_step == f"curl --verbose https://localhost:{port}/v2/"
    assert near.next_step == "invoke registry.start"


def test_a_proxy_is_what_is_connected_to(secured: int) -> None:
    """Its password is not shown; one that refuses the tunnel is an error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked = []

        def answer() -> None:
            line, _ = server.accept()
            with line:
                asked.append(line.recv(4096).decode())
                line.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        env = {"HTTPS_PROXY": f"http://me:a-pass@127.0.0.1:{port}"}
        way = connection.way("https://registry.example.com/v2/", env)
        words = connection.resolve(way)
        error = refused(way, env)
        thread.join()

    assert words == "the proxy 127.0.0.1 is 127.0.0.1"
    assert asked[0].startswith("CONNECT registry.example.com:443 HTTP/1.")
    assert "Proxy-Authorization: Basic bWU6YS1wYXNz" in asked[0]
    assert error.what == f"No connection to 127.0.0.1:{port}."
    assert "a-pass" not in str(error.lines())


def test_a_name_without_an_address() -> None:
    """`.invalid` never has one (RFC 2606)."""
    with pytest.raises(CommandFailedError) as caught:
        connection.resolve(Way(Origin("https", "registry.invalid", 443)))

    assert caught.value.what == "The name of registry.invalid cannot be resolved."
    assert caught.value.next_step == "getent hosts registry.invalid"
