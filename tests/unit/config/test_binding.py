"""TOWPATH_BIND: which addresses it takes, and how this machine then reaches what is published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.deployment.world import World, site_of
from towpath.config import Environment, binding, parse
from towpath.core.errors import ConfigurationError
from towpath.environments.environment import Release

TABLE: dict[str, Any] = {
    "environments": {"staging": {"port": 8081}},
    "dashboard": {"environment": "staging"},
}


@pytest.mark.parametrize(
    ("text", "published", "url"),
    [
        ("", "127.0.0.1", "http://127.0.0.1:8081"),
        ("  ", "127.0.0.1", "http://127.0.0.1:8081"),
        ("127.0.0.1", "127.0.0.1", "http://127.0.0.1:8081"),
        ("127.0.0.2", "127.0.0.2", "http://127.0.0.2:8081"),
        ("0.0.0.0", "0.0.0.0", "http://127.0.0.1:8081"),
        ("192.168.1.5", "192.168.1.5", "http://192.168.1.5:8081"),
        (" 10.0.0.7 ", "10.0.0.7", "http://10.0.0.7:8081"),
        ("::", "[::]", "http://[::1]:8081"),
        ("[::]", "[::]", "http://[::1]:8081"),
        ("::1", "[::1]", "http://[::1]:8081"),
        ("0:0:0:0:0:0:0:1", "[::1]", "http://[::1]:8081"),
        ("[2001:DB8::5]", "[2001:db8::5]", "http://[2001:db8::5]:8081"),
    ],
)
def test_what_is_published_is_asked_where_it_listens(
    tmp_path: Path, text: str, published: str, url: str
) -> None:
    """Compose gets the address as it wants it, and whoever asks gets one that is reached."""
    config = parse(TABLE, tmp_path, {"TOWPATH_BIND": text})
    environment = config.environment("staging")

    assert environment.url == url
    assert binding.published(environment.bind) == published


@pytest.mark.parametrize(
    "text",
    [
        "localhost",
        "0",
        "1.2.3",
        "1.2.3.4:80",
        "256.1.1.1",
        "*",
        "eth0",
        "[127.0.0.1]",
        "[::1",
        "::1]",
    ]
    + ["fe80::1%eth0", "224.0.0.1", "ff02::1", "255.255.255.255", "0.0.0.0/0", "\u0661.1.1.1", "-"]
    + ["127.0.0.1,::1", "http://127.0.0.1", "${X}", "127.0.0.1 8080", "127.1", "0x7f.0.0.1"],
)
def test_what_is_no_address_is_refused_when_it_is_read(tmp_path: Path, text: str) -> None:
    """Before Compose could refuse it in the middle of a deployment, or publish it elsewhere."""
    with pytest.raises(ConfigurationError, match="TOWPATH_BIND is .* not an IP address") as caught:
        parse(TABLE, tmp_path, {"TOWPATH_BIND": text})

    assert "127.0.0.1" in caught.value.next_step


def test_an_environment_has_an_address_and_the_variable_another(tmp_path: Path) -> None:
    """The setting is for an engine of its own; the variable is the machine's."""
    table = {"environments": {"staging": {"bind": "0.0.0.0"}}}

    assert parse(table, tmp_path, {}).environment("staging").bind == "0.0.0.0"
    env = {"TOWPATH_BIND": "::1"}
    assert parse(table, tmp_path, env).environment("staging").bind == "::1"
    with pytest.raises(ConfigurationError, match="staging.bind is 'here'"):
        parse({"environments": {"staging": {"bind": "here"}}}, tmp_path, {})
    assert Environment("staging", port=80).url == "http://127.0.0.1:80"


@pytest.mark.parametrize(
    ("text", "bind", "hosts"),
    [
        ("", "127.0.0.1", "localhost,127.0.0.1"),
        ("", "0.0.0.0", "localhost,127.0.0.1"),
        ("", "::", "localhost,127.0.0.1,[::1]"),
        ("", "192.168.1.5", "localhost,127.0.0.1,192.168.1.5"),
        ("dash.example.org", "127.0.0.1", "dash.example.org,127.0.0.1"),
        (" a.example , b.example,", "2001:db8::5", "a.example,b.example,[2001:db8::5]"),
    ],
)
def test_the_product_answers_to_the_host_that_we_ask(text: str, bind: str, hosts: str) -> None:
    """The delivery of a report names the address in its Host header."""
    assert binding.hosts(text, bind) == hosts


@pytest.mark.parametrize("text", ["*", "a.example,*", " * "])
def test_a_pattern_for_every_host_is_refused(text: str) -> None:
    """The product would refuse it too, after its containers were started."""
    with pytest.raises(ConfigurationError, match="TOWPATH_HOSTS"):
        binding.hosts(text, "127.0.0.1")


def test_compose_gets_both_as_variables(tmp_path: Path) -> None:
    """Whatever the environment of the caller says."""
    (tmp_path / "compose").mkdir()
    site = site_of(World(), tmp_path)

    found = site.compose_variables(Release())

    assert (found["TOWPATH_BIND"], found["TOWPATH_HOSTS"]) == ("127.0.0.1", "localhost,127.0.0.1")
