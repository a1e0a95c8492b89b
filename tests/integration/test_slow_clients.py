"""Slow and endless clients at the product behind its proxy: others are answered all the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from benchmarks.slow.clients import KINDS, crowd
from health import probe
from tests.integration import slow
from tests.integration.slow import Behind
from towpath.config.workspace import Workspace

pytestmark = [
    pytest.mark.integration,
    pytest.mark.engine,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("needs_database", "needs_cache"),
]
COUNT = 200
ASKED = 30
HOST = b" HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def behind(
    local: Workspace, tmp_path_factory: pytest.TempPathFactory, django_db_setup: None
) -> Iterator[Behind]:
    """Serve the product on the database of these tests."""
    env = {"DATABASE_NAME": str(connection.settings_dict["NAME"])}
    with slow.product(local, tmp_path_factory.mktemp("slow"), env) as found:
        yield found


def workers(found: Behind) -> list[int]:
    """Return the worker processes of gunicorn."""
    children = Path(f"/proc/{found.process.pid}/task/{found.process.pid}/children")
    return [int(pid) for pid in children.read_text().split()]


@pytest.mark.parametrize("kind", [*KINDS, "all of them"])
def test_two_hundred_slow_connections_hold_nobody_up(behind: Behind, kind: str) -> None:
    """Pages are answered, the container's own check says well, and no worker was replaced."""
    before = workers(behind)
    kinds = [KINDS[kind]] if kind in KINDS else list(KINDS.values())
    with crowd("127.0.0.1", behind.proxy, kinds, COUNT) as met:
        answers = [behind.get(path)[0] for path in ("/", "/health/live") for _ in range(ASKED)]
        well = probe.web(behind.web)

    assert met.full.is_set()
    assert answers == [200] * 2 * ASKED
    assert well == ""
    assert len(before) == 2
    assert workers(behind) == before
    assert not [line for line in met.answers if b" 200 " in line or b" 50" in line]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (b"POST /" + HOST + b"Content-Length: 900000\r\n\r\n" + b"x" * 40_000, b"405"),
        (b"PUT /nowhere/" + HOST + b"Content-Length: 900000\r\n\r\n" + b"x" * 40_000, b"405"),
        (b"POST /api/runs/" + HOST + b"Content-Length: 900000\r\n\r\n" + b"{" * 40_000, b"401"),
        (b"POST /api/runs/" + HOST + b"Content-Length: 1048577\r\n\r\n" + b"x" * 40_000, b"413"),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999\r\n\r\n"
            + b"x" * 40_000,
            b"413",
        ),
        (
            b"POST /api/runs/"
            + HOST
            + b"Transfer-Encoding: chunked\r\n\r\n"
            + b"1\r\nx\r\n" * 9000,
            b"408",
        ),
        (b"GET /" + HOST + b"".join(b"X-%d: 1\r\n" % row for row in range(5000)) + b"\r\n", b"4"),
        (b"GET /" + HOST + b"X: " + b"x" * 20_000 + b"\r\n\r\n", b"4"),
        (b"GET /" + b"x" * 20_000 + HOST + b"\r\n", b"4"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
    ],
    ids=["form", "nowhere", "report", "large", "huge", "chunks", "headers", "header", "line", "h2"],
)
def test_what_is_too_much_is_answered_before_it_is_there(
    behind: Behind, words: bytes, status: bytes
) -> None:
    """The rest of a body is not waited for: the answer comes while most of it is still missing."""
    said = behind.say(words)

    assert said.split(b" ")[1].startswith(status)


def test_a_slow_header_ends_with_a_timeout_of_the_proxy(behind: Behind) -> None:
    """The connection is given back, with 408."""
    assert behind.say(b"GET /" + HOST).split(b" ")[1] == b"408"


def test_a_small_body_that_never_ends_does_not_get_to_a_worker(behind: Behind) -> None:
    """It waits at the proxy, and ends there."""
    words = b"POST /api/runs/" + HOST + b"Content-Length: 900\r\n\r\n{"

    assert behind.say(words).split(b" ")[1] == b"408"


def test_a_protocol_is_not_changed(behind: Behind) -> None:
    """An upgrade that a client asks for does not get to the product."""
    asked = b"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"

    assert behind.say(b"GET /health/live" + HOST + asked).split(b" ")[1] == b"200"


def test_the_settings_are_those_of_the_deployment() -> None:
    """No variable of these tests makes the product more patient than it is."""
    assert not [name for name in os.environ if name.startswith("WEB_")]
