"""Who has a port: read from what Docker says, and from the process table."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from towpath.engine import ports


@pytest.mark.parametrize(
    ("said", "port"),
    [
        ("Bind for 127.0.0.1:8081 failed: port is already allocated", 8081),
        (
            "failed to bind host port for 127.0.0.1:8081:172.18.0.2:8080/tcp: address already in"
            " use",
            8081,
        ),
        (
            "driver failed programming external connectivity on endpoint a-b (0123): Error starting"
            " userland proxy: listen tcp4 0.0.0.0:5000: bind: address already in use",
            5000,
        ),
        ("failed to bind port 0.0.0.0:80/tcp: ... bind: address already in use", 80),
        ("failed to bind host port [::]:443/tcp: address already in use", 443),
        (
            'time="2026-11-29T22:06:49Z" level=error msg="listen tcp :80: bind: address already in'
            ' use"',
            80,
        ),
        ("listen tcp :::443: bind: address already in use", 443),
        ("dial tcp 10.0.0.1:443: connection refused", 0),
        ("", 0),
    ],
)
def test_the_port_is_in_dockers_words(said: str, port: int) -> None:
    """Whichever version says it."""
    assert ports.taken(said) == port


@pytest.mark.door
def test_the_program_that_listens_is_named() -> None:
    """This very process, here; nobody for a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]

        assert ports.holder(port).endswith(f" (process {os.getpid()})")
    assert ports.holder(port) == ""


def test_a_machine_that_tells_nothing_names_nobody(tmp_path: Path) -> None:
    """No table of sockets, or one that is none."""
    assert ports.holder(80, tmp_path) == ""
