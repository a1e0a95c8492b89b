"""The container's own health check, against a server of the test."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from celery.signals import heartbeat_sent, worker_shutdown

import config.celery
from config.celery import app
from health import probe
from tests.quiet import QuietServer


class Answering(QuietServer):
    """A server on a free port that answers every request with one status."""

    def __init__(self, status: int) -> None:
        self.status, self.asked = status, list[str]()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """Answers with the server's status and remembers the path."""

    server: Answering

    def do_GET(self) -> None:
        """Answer a GET."""
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Answering]:
    """Run a server that answers with the status that the test names."""
    with Answering(request.param) as answering:
        thread = threading.Thread(target=answering.serve_forever, daemon=True)
        thread.start()
        yield answering
        answering.shutdown()
        thread.join()


@pytest.mark.parametrize("server", [200], indirect=True)
def test_a_process_that_answers_is_healthy(server: Answering) -> None:
    """Only /health/live is asked: services that are down restart nobody."""
    assert probe.web(server.server_port) == ""
    assert server.asked == ["/health/live"]


@pytest.mark.parametrize("server", [500, 301, 404], indirect=True)
def test_any_other_answer_is_unhealthy(server: Answering) -> None:
    """A redirect is not followed and is no sign of health."""
    assert probe.web(server.server_port) == f"/health/live answers {server.status}"


def test_no_answer_is_unhealthy() -> None:
    """A port where nobody listens is said so."""
    with QuietServer(("127.0.0.1", 0), Handler) as gone:
        port = gone.server_port

    assert "ConnectionRefusedError" in probe.web(port)


def test_a_server_that_hangs_is_unhealthy() -> None:
    """A connection that is taken but never answered is given up."""
    with QuietServer(("127.0.0.1", 0), Handler) as hanging:
        problem = probe.web(hanging.server_port, timeout=0.2)

    assert problem == "/health/live does not answer: TimeoutError('timed out')"


def test_a_worker_is_healthy_while_it_beats(tmp_path: Path) -> None:
    """A fresh sign of life counts, an old one and none do not."""
    beat = tmp_path / "beat"

    assert probe.worker(beat) == "the worker has not started"

    beat.touch()

    assert probe.worker(beat) == ""

    then = beat.stat().st_mtime - 61
    os.utime(beat, (then, then))

    assert probe.worker(beat) == "the worker's last heartbeat is 61 s old"


def test_the_worker_beats_and_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery's heartbeat leaves the sign, and the end of the worker takes it away."""
    file = tmp_path / "beat"
    monkeypatch.setattr(config.celery, "BEAT", file)
    heartbeat_sent.send(sender=app)

    assert file.exists()

    worker_shutdown.send(sender=app)

    assert not file.exists()


@pytest.mark.parametrize(
    ("argv", "problem", "code", "says"),
    [
        ([], "", 0, ""),
        (["web"], "", 0, ""),
        (["web"], "it is ill", 1, "it is ill\n"),
        (["moon"], "", 2, "usage: python -m health.probe [web|worker]\n"),
        (["web", "worker"], "", 2, "usage: python -m health.probe [web|worker]\n"),
    ],
)
def test_the_exit_code_tells(
    argv: list[str],
    problem: str,
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """0 healthy, 1 unhealthy with the reason, 2 a wrong argument."""
    monkeypatch.setitem(probe.PROBES, "web", lambda: problem)

    assert probe.main(argv) == code
    assert capsys.readouterr().err == says
