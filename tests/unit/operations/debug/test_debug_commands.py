"""The exact command lines of what opens a container to a person."""

from __future__ import annotations

from towpath.environments.compose_commands import Project
from towpath.operations.debug import debug_commands as commands


def test_a_shell_in_a_running_container() -> None:
    """With a terminal; bash where there is one. Whether there is a shell is asked before."""
    assert commands.has_shell("a-web-1") == ["docker", "exec", "a-web-1", "sh", "-c", ":"]
    assert commands.shell("a-web-1", "root") == [
        *("docker", "exec", "--interactive", "--tty", "--user=root", "a-web-1"),
        *("sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"),
    ]


def test_a_shell_in_an_image() -> None:
    """The image's own entry point would run something else; what is mounted is read only."""
    assert commands.image_has_shell("box:debug") == [
        *("docker", "run", "--rm", "--network=none", "--entrypoint=sh", "box:debug", "-c", ":")
    ]
    assert commands.image_shell("box:debug", [("/etc/ca.crt", "/ca")]) == [
        *("docker", "run", "--rm", "--interactive", "--tty"),
        "--mount=type=bind,source=/etc/ca.crt,target=/ca,readonly",
        *("--entrypoint=sh", "box:debug", "-c"),
        "command -v bash >/dev/null && exec bash; exec sh",
    ]


def test_the_tests_run_as_the_product_does() -> None:
    """With the networks, secrets and settings of its service; the services run already."""
    project = Project("box-testing", ("a.yaml",))

    assert commands.tests(project, ["pytest", "--pdb"]) == [
        *("docker", "compose", "--project-name=box-testing", "--file=a.yaml"),
        *("run", "--rm", "--no-deps", "--interactive", "web", "pytest", "--pdb"),
    ]
