"""Docker's own commands, as the exact lists that run."""

from __future__ import annotations

from towpath.engine import docker_commands as docker


def test_a_login_has_no_password_in_its_line() -> None:
    """The password comes on standard input."""
    assert docker.login("r.example.com", "me") == [
        "docker",
        "login",
        "--username=me",
        "--password-stdin",
        "r.example.com",
    ]


def test_a_registry_of_our_own_is_for_this_machine_only() -> None:
    """The port is published on loopback."""
    argv = docker.run_registry("towpath-registry", 5000)

    assert "--publish=127.0.0.1:5000:5000" in argv
    assert "--env=REGISTRY_STORAGE_DELETE_ENABLED=true" in argv


def test_the_small_questions() -> None:
    """Questions without parameters are what they are."""
    assert docker.info() == ["docker", "info", "--format", "json"]
    assert docker.push("r") == ["docker", "push", "--quiet", "r"]
    assert docker.tag("a", "b") == ["docker", "tag", "a", "b"]
    assert docker.start("c") == ["docker", "start", "c"]
