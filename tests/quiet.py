"""Servers of tests to which a client may hang up: many tests do so on purpose."""

from __future__ import annotations

import sys
from http.server import HTTPServer, ThreadingHTTPServer
from typing import Any


class QuietServer(HTTPServer):
    """Says nothing of a connection that the client has ended; any other error is shown.

    It ends soon after it was asked to: nobody waits half a second for each.
    """

    def serve_forever(self, poll_interval: float = 0.01) -> None:
        """Serve until `shutdown`, and look each `poll_interval` seconds whether that was asked."""
        super().serve_forever(poll_interval)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show what happened while a request was served, but for the end of its connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class QuietThreadingServer(QuietServer, ThreadingHTTPServer):
    """The same, with a thread for each request."""
