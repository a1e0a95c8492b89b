"""`[tool.towpath.environments.NAME.tls]`, its hosts and its ports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from towpath.config import parse
from towpath.config.model import Environment
from towpath.config.tls import TlsSettings
from towpath.core.errors import ConfigurationError

PAIR = {"certificate": "a.pem", "key": "a.key"}


def environment(tmp_path: Path, bind: str = "", **settings: Any) -> Environment:
    """Return an environment with these settings."""
    table = {"environments": {"staging": {"port": 8081, **settings}}}
    return parse(table, tmp_path, {"TOWPATH_BIND": bind}).environment("staging")


def test_the_plain_port_is_for_our_own_requests_only(tmp_path: Path) -> None:
    """The public address is that of https; without TLS it is that of the port."""
    found = environment(tmp_path, "0.0.0.0", tls=PAIR)

    assert found.tls == TlsSettings("a.pem", "a.key", 443, 80, 0)
    assert (found.plain_bind, found.url) == ("127.0.0.1", "http://127.0.0.1:8081")
    assert environment(tmp_path, "0.0.0.0").plain_bind == "0.0.0.0"
    assert (TlsSettings(port=443).suffix, TlsSettings(port=8443).suffix) == ("", ":8443")


@pytest.mark.parametrize(
    "table",
    [
        {"certificate": "a.pem"},
        {"key": "a.key"},
        {**PAIR, "port": 0},
        {**PAIR, "port": 65536},
        {**PAIR, "redirect": 443},
        {**PAIR, "port": 8081},
        {**PAIR, "cert": "a"},
        "a.pem",
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, table: Any) -> None:
    """With the path of the key."""
    with pytest.raises(ConfigurationError, match="staging"):
        environment(tmp_path, tls=table)


def test_two_environments_have_ports_of_their_own(tmp_path: Path) -> None:
    """Those of https too."""
    table = {"staging": {"port": 8081, "tls": PAIR}, "production": {"port": 8080, "tls": PAIR}}
    with pytest.raises(ConfigurationError, match="443, which staging already uses"):
        parse({"environments": table}, tmp_path, {})


def test_the_product_answers_to_its_hosts_and_to_our_own(tmp_path: Path) -> None:
    """TOWPATH_HOSTS replaces them; a pattern is refused."""
    found = environment(tmp_path, hosts=["a.example.com", "b.example.com"], host="a.example.com")

    assert found.allowed_hosts("") == "a.example.com,b.example.com,127.0.0.1"
    assert found.allowed_hosts("c.example.com") == "c.example.com,127.0.0.1"
    with pytest.raises(ConfigurationError, match="hosts"):
        environment(tmp_path, hosts=["*"])
