"""The commands for buildx, as the exact lists that run."""

from __future__ import annotations

from towpath.images import buildx_commands as buildx


def test_a_builder_reaches_a_local_registry() -> None:
    """A builder in a container is on the host's network."""
    assert buildx.create_builder("towpath") == [
        "docker",
        "buildx",
        "create",
        "--name=towpath",
        "--driver=docker-container",
        "--driver-opt=network=host",
    ]
    assert buildx.create_builder("towpath", "a-context")[-1] == "a-context"


def test_a_builder_is_asked_for_by_its_name() -> None:
    """Without a parameter besides."""
    assert buildx.inspect_builder("b") == ["docker", "buildx", "inspect", "b"]
