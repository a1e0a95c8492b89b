"""Commands with which a person looks into a container. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]

# Bash where the image has it: it knows the arrow keys. `exec`, so that the shell gets the signals.
SHELL = "command -v bash >/dev/null && exec bash; exec sh"


def has_shell(container: str, user: str = "") -> Argv:
    """Start a shell in a running container that ends at once; fails where there is none."""
    return ["docker", "exec", *_user(user), container, "sh", "-c", ":"]


def shell(container: str, user: str = "") -> Argv:
    """Open a shell in a running container, on this terminal."""
    return ["docker", "exec", "--interactive", "--tty", *_user(user), container, "sh", "-c", SHELL]


def _user(user: str) -> Argv:
    return [f"--user={user}"] if user else []
