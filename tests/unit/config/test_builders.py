"""What `[tool.towpath.builders]` may say, and what it is refused for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from towpath.config import builders as nodes
from towpath.config import parse
from towpath.config.builders import BuilderNode
from towpath.core.errors import ConfigurationError

WHERE = "tool.towpath.builders"
TLS = {"ca": "ca.pem", "cert": "cert.pem", "key": "~/key.pem"}

SPOKEN = "told"  # what has no place in an address


def test_one_of_each_kind_is_read() -> None:
    """A text is an endpoint; the short name of a platform is its long one."""
    found = nodes.read_builders(
        {
            "arm64": "ssh://me@builder:2222",
            "linux/amd64": {"endpoint": "tcp://builder:2376", **TLS},
        },
        WHERE,
    )

    assert found["linux/arm64"] == BuilderNode("linux/arm64", "ssh://me@builder:2222")
    assert (found["linux/arm64"].scheme, found["linux/arm64"].host) == ("ssh", "me@builder:2222")
    assert found["linux/amd64"].material == TLS
    cluster = nodes.read_builders(
        {"arm64": {"endpoint": "kubernetes://builds", "options": {"replicas": "2"}}}, WHERE
    )["linux/arm64"]
    assert (cluster.host, cluster.options, cluster.material) == ("builds", {"replicas": "2"}, {})


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("http://builder", "It must begin with one of ssh://, tcp://, kubernetes://."),
        ("shh://builder", "Did you mean 'ssh'?"),
        ("builder", "It must begin with one of"),
        ("ssh:builder", "It must begin with one of"),
        ("ssh://", "It has no host."),
        ("ssh://-oProxyCommand=x", "It has no host."),
        (f"ssh://me:{SPOKEN}@builder", "nothing else."),
        ("ssh://builder/path", "nothing else."),
        ("ssh://builder?x=1", "nothing else."),
        ("ssh://builder:port", "ort could not be cast"),
        ("tcp://builder:2376", "Without TLS, anyone who reaches this port controls the machine"),
        ("tcp://localhost", "a host and a port"),
        ("tcp://me@localhost:2375", "a host and a port"),
        ("kubernetes://Builds_", "a namespace"),
        ({"endpoint": "tcp://b:1", "ca": "x"}, "TLS needs ca, cert and key together."),
        ({"endpoint": "ssh://b", **TLS}, "ca, cert and key are for tcp:// only."),
        ({"endpoint": "ssh://b", "options": {"a": "b"}}, "Options are for kubernetes:// only."),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(row: object, why: str) -> None:
    """Path and platform are named, a password is not shown."""
    with pytest.raises(ConfigurationError) as caught:
        nodes.read_builders({"linux/arm64": row}, WHERE)

    said = caught.value
    assert said.code == 2
    assert said.what.startswith(f"{WHERE}.'linux/arm64' in pyproject.toml: ")
    assert said.what.endswith(" cannot be used to build linux/arm64.")
    assert why in said.why
    assert "secret" not in " ".join(said.lines())


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ([], "must be a table, not []"),
        ({"arm64": {}}, "has no endpoint"),
        ({"arm64": 1}, "must be a table, not 1"),
        ({"arm64": {"endpoint": 1}}, f"{WHERE}.'arm64'.endpoint in pyproject.toml must be"),
        ({"arm64": {"endpont": "ssh://b"}}, "Did you mean 'endpoint'?"),
        ({"arm64": {"endpoint": "kubernetes://b", "options": 1}}, "options in pyproject.toml"),
        (
            {"arm64": {"endpoint": "kubernetes://b", "options": {"replicas": 2}}},
            "options.replicas in pyproject.toml must be a string",
        ),
        ({"arm46": "ssh://b"}, "Unknown platform 'arm46'. Did you mean 'linux/arm64'?"),
        ({"arm64": "ssh://a", "linux/arm64": "ssh://b"}, "names linux/arm64 twice"),
    ],
)
def test_a_table_that_is_not_as_it_must_be_is_refused(table: object, what: str) -> None:
    """What is wrong is named with its path."""
    with pytest.raises(ConfigurationError) as caught:
        nodes.read_builders(table, WHERE)

    assert what in caught.value.what


def test_a_builder_is_named_after_all_that_makes_it() -> None:
    """Another endpoint, project or certificate is another builder; the same is the same."""
    node = BuilderNode("linux/arm64", "ssh://a")
    names = {
        node.builder("app"),
        node.builder("other"),
        node.builder("app", b"certificate"),
        replace(node, endpoint="ssh://b").builder("app"),
        replace(node, options={"a": "b"}).builder("app"),
    }

    assert len(names) == 5
    assert node.builder("app") == replace(node).builder("app")
    assert all(name.startswith("towpath-") and len(name) == 20 for name in names)


def test_the_environment_replaces_the_table(tmp_path: Path) -> None:
    """TOWPATH_BUILDERS names others, or none where it is empty."""
    table = {"builders": {"arm64": "ssh://a"}}

    assert parse(table, tmp_path, {}).builders["linux/arm64"].endpoint == "ssh://a"
    assert parse(table, tmp_path, {"TOWPATH_BUILDERS": ""}).builders == {}
    given = {"TOWPATH_BUILDERS": "linux/arm64=ssh://b, amd64=ssh://c"}
    found = parse(table, tmp_path, given).builders
    assert {name: row.endpoint for name, row in found.items()} == {
        "linux/arm64": "ssh://b",
        "linux/amd64": "ssh://c",
    }


@pytest.mark.parametrize("text", ["ssh://b", "arm64=ssh://a,arm64=ssh://b"])
def test_an_environment_that_says_no_platform_once_is_refused(text: str) -> None:
    """A platform twice would be decided by chance."""
    with pytest.raises(ConfigurationError, match="TOWPATH_BUILDERS has"):
        nodes.table(text)
