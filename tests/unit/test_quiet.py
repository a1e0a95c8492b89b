"""The servers of the tests: silent about a client that hung up, and about nothing else."""

from __future__ import annotations

import threading
from http.client import HTTPConnection, RemoteDisconnected
from http.server import BaseHTTPRequestHandler

import pytest

from tests.quiet import QuietServer, QuietThreadingServer


@pytest.mark.door
@pytest.mark.parametrize("kind", [QuietServer, QuietThreadingServer])
@pytest.mark.parametrize(("error", "shown"), [(ConnectionResetError, False), (KeyError, True)])
def test_only_an_error_of_our_own_is_shown(
    capfd: pytest.CaptureFixture[str],
    kind: type[QuietServer],
    error: type[Exception],
    shown: bool,
) -> None:
    """With its traceback, as every server of http.server does."""

    class Failing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            raise error("planted")

    with kind(("127.0.0.1", 0), Failing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        with pytest.raises(RemoteDisconnected):
            connection.request("GET", "/")
            connection.getresponse()
        connection.close()
        server.shutdown()
        thread.join()

    assert ("planted" in capfd.readouterr().err) is shown
