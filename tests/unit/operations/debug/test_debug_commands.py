"""The exact command lines of what opens a container to a person."""

from __future__ import annotations

from towpath.operations.debug import debug_commands as commands


def test_a_shell_in_a_running_container() -> None:
    """With a terminal; bash where there is one. Whether there is a shell is asked before."""
    assert commands.has_shell("a-web-1") == ["docker", "exec", "a-web-1", "sh", "-c", ":"]
    assert commands.shell("a-web-1", "root") == [
        *("docker", "exec", "--interactive", "--tty", "--user=root", "a-web-1"),
        *("sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"),
    ]
