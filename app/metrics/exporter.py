"""Serves the metrics on a port of their own, which the proxy knows nothing of.

Every serving process listens on the port, and the kernel gives each reading to one of them: its
answer has the counts of all. It comes from a thread of its own, so that a process whose threads all
wait for something can still be measured.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from metrics.slots import BEGAN, DIRECTORY

PATH = "/metrics"


class Server(ThreadingWSGIServer):
    """One of several listeners on the same port."""

    allow_reuse_port = True


class Handler(WSGIRequestHandler):
    """Logs no reading, and gives a slow client up after some seconds."""

    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: a line every few seconds tells nobody anything."""


class Began(Collector):
    """Says when the first process of this container began: a later time is a restart."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return seconds since 1970."""
        text = "When the first process of this container began."
        yield GaugeMetricFamily("dashboard_start_time_seconds", text, value=BEGAN)


def registry(*collectors: Collector) -> CollectorRegistry:
    """Return what is read: the counts of all processes of this container, and these collectors."""
    found = CollectorRegistry()
    if DIRECTORY:
        MultiProcessCollector(found)
    else:
        found.register(REGISTRY)
    for collector in (Began(), *collectors):
        found.register(collector)
    return found


def application(found: CollectorRegistry) -> Any:
    """Return the WSGI application: the metrics at their path, 404 everywhere else."""
    metrics = make_wsgi_app(found)

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == PATH:
            answer: Iterable[bytes] = metrics(environ, start_response)
            return answer
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"404: the metrics are at /metrics.\n"]

    return serve


def start(host: str, port: int, *collectors: Collector) -> Server | None:
    """Serve at this address in a thread that ends with the process; port 0 means not at all."""
    return serve(host, port, *collectors) if port else None


def serve(host: str, port: int, *collectors: Collector) -> Server:
    """Serve at this address, on any free port for 0, until the server is shut down."""
    server = make_server(host, port, application(registry(*collectors)), Server, Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
