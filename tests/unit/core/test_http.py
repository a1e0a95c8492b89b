"""One GET over a loopback socket of our own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import requests

from tests.quiet import QuietThreadingServer
from towpath.core import http
from towpath.core.http import HttpAnswer, get_json

pytestmark = pytest.mark.door
BODIES = {"/ok": b'{"status": "ok"}', "/list": b"[]", "/text": b"hello", "/away": b"{}"}


class Handler(BaseHTTPRequestHandler):
    """Answers from a table."""

    def do_GET(self) -> None:
        """Answer 503 for what is called text, a redirect for what is away."""
        self.send_response({"/text": 503, "/away": 302}.get(self.path, 200))
        self.send_header("Location", "/ok")
        self.end_headers()
        self.wfile.write(BODIES[self.path])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """A server on this machine."""
    with QuietThreadingServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_json_comes_back_with_its_status(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is not asked, and no redirect is followed."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert get_json(f"{url}/ok") == HttpAnswer(200, {"status": "ok"})
    assert get_json(f"{url}/away").status == 302


def test_what_is_no_json_object_says_so(url: str) -> None:
    """With its status, and no body."""
    assert get_json(f"{url}/text") == HttpAnswer(503, problem="no JSON: hello")
    assert get_json(f"{url}/list") == HttpAnswer(200, problem="no JSON object")


def test_no_answer_has_no_status() -> None:
    """The kind of problem is named."""
    assert get_json("http://127.0.0.1:1/") == HttpAnswer(0, problem="ConnectionError")


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8081", True),
        ("http://127.8.9.1/", True),
        ("http://localhost:8081/x", True),
        ("http://dashboard.localhost", True),
        ("http://[::1]:8081", True),
        ("http://127.evil.example.com", False),
        ("http://127.0.0.1.evil.example.com", False),
        ("http://127.0.0.1@evil.example.com", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_this_machine_is_an_address_and_no_beginning_of_a_name(url: str, local: bool) -> None:
    """Only what cannot leave the machine counts."""
    assert http.is_near(url) is local


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"])
def test_no_proxy_sees_what_is_for_this_machine(
    url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where NO_PROXY is not set."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert get_json(f"{url}/ok") == HttpAnswer(200, {"status": "ok"})


def test_a_file_of_passwords_never_replaces_our_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests takes ~/.netrc, unless there is an authorization of ours."""
    (tmp_path / "netrc").write_text("default login me password word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    with http.open_session("https://dashboard.example.com", "token") as door:
        ready = door.prepare_request(requests.Request("POST", "https://dashboard.example.com/x"))

    assert ready.headers["Authorization"] == "Bearer token"
    with http.open_session("https://dashboard.example.com") as door:
        ready = door.prepare_request(requests.Request("GET", "https://dashboard.example.com/x"))
    assert "Authorization" not in ready.headers
