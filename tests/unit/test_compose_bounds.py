"""Compose files and the proxy's settings: every container has bounds, and every body too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

COMPOSE = Path(__file__).parents[2] / "compose"
BASE = (COMPOSE / "base.yaml").read_text(encoding="utf-8")
PROXY = (COMPOSE / "haproxy.cfg").read_text(encoding="utf-8")
SERVICES = ("proxy", "web", "worker", "migrate", "database", "cache", "queue")


def block(text: str, name: str) -> str:
    """Return the lines of a service, or of another key two blanks in."""
    found = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    assert found is not None, name
    return found[1]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_limit_of_memory_and_processes(service: str) -> None:
    """Its own, or for processes that of the product."""
    lines = block(BASE, service)
    product = BASE[BASE.index("x-product: &product") : BASE.index("services:")]

    assert re.search(r"^    mem_limit: \d+[mg]$", lines, re.MULTILINE)
    assert "    pids_limit: " in lines or ("<<: *product" in lines and "pids_limit: " in product)


@pytest.mark.parametrize("file", ["base.yaml", "testing.yaml", "ci.yaml"])
def test_every_file_system_in_memory_has_a_size(file: str) -> None:
    """A tmpfs without one may grow to half of the machine's memory."""
    text = (COMPOSE / file).read_text(encoding="utf-8")
    mounts = re.findall(r'"(/[^":]+):((?:size|mode)=[^"]*)"', text)

    assert mounts
    assert not [mount for mount in mounts if "size=" not in mount[1]]


def test_no_container_of_the_product_knows_the_password_of_the_superuser() -> None:
    """Only the database's own does."""
    product = BASE[BASE.index("x-product: &product") : BASE.index("services:")]

    assert "database_password," not in product
    assert 'DATABASE_USER: "dashboard_app"\n' in product
    assert [name for name in SERVICES if "database_password," in block(BASE, name)] == ["database"]


@pytest.mark.parametrize(
    "line",
    [
        "option http-buffer-request",
        "option disable-h2-upgrade",
        "timeout http-request 10s",
        "http-request del-header Upgrade",
    ],
)
def test_the_proxy_waits_for_slow_clients(line: str) -> None:
    """In the frontend or for all of them."""
    assert line in [row.strip() for row in PROXY.splitlines()]


def test_the_proxy_takes_no_longer_body_than_the_product() -> None:
    """One limit in two places."""
    assert "{ req.hdr_val(Content-Length) gt 1048576 }" in PROXY
    assert "{ req.hdr(Transfer-Encoding) -m found }" in PROXY
