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


def test_a_login_has_no_password_in_its_line() -> None:
    """The password comes on standard input."""
    assert buildx.login("r.example.com", "me") == [
        "docker",
        "login",
        "--username=me",
        "--password-stdin",
        "r.example.com",
    ]


def test_a_registry_of_our_own_is_for_this_machine_only() -> None:
    """The port is published on loopback."""
    argv = buildx.run_registry("towpath-registry", 5000)

    assert "--publish=127.0.0.1:5000:5000" in argv
    assert "--env=REGISTRY_STORAGE_DELETE_ENABLED=true" in argv


def test_the_small_questions() -> None:
    """Questions without parameters are what they are."""
    assert buildx.info() == ["docker", "info", "--format", "json"]
    assert buildx.inspect_builder("b") == ["docker", "buildx", "inspect", "b"]
    assert buildx.push("r") == ["docker", "push", "--quiet", "r"]
    assert buildx.tag("a", "b") == ["docker", "tag", "a", "b"]
    assert buildx.start("c") == ["docker", "start", "c"]
