"""The commands for builders on other machines, as the exact lists that run."""

from __future__ import annotations

from towpath.config.builders import BuilderNode
from towpath.images import builders_commands as builders


def test_a_builder_in_a_container_is_on_its_hosts_network() -> None:
    """So it reaches what its engine reaches."""
    assert builders.create("b", BuilderNode("linux/arm64", "ssh://me@h"), "ssh://me@h") == [
        *("docker", "buildx", "create", "--name=b", "--platform=linux/arm64"),
        *("--driver=docker-container", "--driver-opt=network=host", "ssh://me@h"),
    ]


def test_pods_run_on_nodes_of_the_platform() -> None:
    """Unless the options choose others; an option with a comma stays one option."""
    node = BuilderNode("linux/arm64", "kubernetes://builds", options={"replicas": "2"})

    assert builders.create("b", node, node.endpoint)[-4:] == [
        "--driver=kubernetes",
        "--driver-opt=namespace=builds",
        "--driver-opt=nodeselector=kubernetes.io/arch=arm64",
        "--driver-opt=replicas=2",
    ]
    chosen = BuilderNode("linux/arm64", "kubernetes://b", options={"nodeselector": "a=b,c=d"})
    assert '--driver-opt="nodeselector=a=b,c=d"' in builders.create("b", chosen, "")


def test_a_context_has_an_address_and_its_files() -> None:
    """A path with a comma is one field."""
    assert builders.create_context("b", "tcp://h:2376", {"ca": "/a,b/ca.pem", "key": "/k"}) == [
        *("docker", "context", "create", "b"),
        '--docker=host=tcp://h:2376,"ca=/a,b/ca.pem",key=/k',
    ]


def test_the_small_ones() -> None:
    """Commands without a choice are what they are."""
    assert builders.start("b") == ["docker", "buildx", "inspect", "--bootstrap", "b"]
    assert builders.remove("b") == ["docker", "buildx", "rm", "--force", "b"]
    assert builders.inspect_context("b") == ["docker", "context", "inspect", "b"]
    assert builders.remove_context("b") == ["docker", "context", "rm", "--force", "b"]


def test_a_builder_is_brought_here_by_the_name_of_its_node() -> None:
    """buildx calls the first node of a builder by its name and 0."""
    assert builders.move_to_local_engine("b") == [
        *("docker", "buildx", "create", "--name=b", "--node=b0", "--driver=docker-container"),
    ]
