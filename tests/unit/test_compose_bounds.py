"""Compose files and the proxy's settings: every container has bounds, and every body too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

COMPOSE = Path(__file__).parents[2] / "compose"
BASE = (COMPOSE / "base.yaml").read_text(encoding="utf-8")
PROXY = (COMPOSE / "haproxy.cfg").read_text(encoding="utf-8")
SERVICES = ("proxy", "web", "worker", "migrate", "database", "cache", "queue")
MONITORING = (COMPOSE / "monitoring.yaml").read_text(encoding="utf-8")
BESIDE = ("prometheus", "alertmanager", "node-exporter", "grafana")


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


@pytest.mark.parametrize("service", BESIDE)
def test_what_monitors_has_limits_and_no_rights(service: str) -> None:
    """As what it monitors; what it publishes is on the loopback, and nothing is the machine's."""
    lines = block(MONITORING, service)

    assert re.search(r"^    mem_limit: \d+[mg]$", lines, re.MULTILINE)
    assert "    pids_limit: " in lines and "    <<: *hardened\n" in lines
    published = re.findall(r"^    ports: (.*)$", lines, re.MULTILINE)
    assert all(re.fullmatch(r'\["127\.0\.0\.1::\d+"\]', row) for row in published)
    assert not re.search(r"^      - /|docker\.sock|pid: host|network_mode", lines, re.MULTILINE)


def test_what_is_read_is_published_nowhere() -> None:
    """The exporter is on a port of its own, and no file publishes another than the proxy's."""
    public = PROXY[PROXY.index("frontend public") : PROXY.index("backend web")]
    files = [file.read_text(encoding="utf-8") for file in COMPOSE.glob("*.yaml")]
    ports = [row for text in files for row in re.findall(r"^    ports: (.*)$", text, re.MULTILINE)]
    beside = [row for row in ports if "127.0.0.1::" not in row]

    assert "prometheus-exporter" not in public
    assert PROXY.count("prometheus-exporter") == 1
    assert "    bind :8404\n" in PROXY[PROXY.index("frontend metrics") :]
    assert 'METRICS_PORT: "9101"\n' in BASE
    assert beside and all(row.endswith(':8080"]') for row in beside)


@pytest.mark.parametrize("file", ["base.yaml", "testing.yaml", "ci.yaml", "monitoring.yaml"])
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
