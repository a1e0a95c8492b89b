"""Ports that Docker could not publish: which one, what uses it, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.engine import docker_commands as docker
from towpath.engine import ports


@contextmanager
def named(workspace: Workspace, what: str, remedy: str) -> Iterator[None]:
    """Run commands that publish ports; raises ConfigurationError for one that is in use.

    `what` needs the port, `remedy` says how to choose another one.
    """
    try:
        yield
    except CommandFailedError as error:
        port = ports.taken(f"{error.why}\n{error}")
        if not port:
            raise
        raise ConfigurationError(
            f"Port {port} of this machine is in use, but {what} needs it.",
            why=f"It is used by {_who(workspace, port)}.",
            next_step=f"Stop that program, or {remedy}.",
        ) from error


def _who(workspace: Workspace, port: int) -> str:
    found = workspace.runner.run(docker.publishing(port), check=False)
    names = found.stdout.split() if found.ok else []
    if names:
        return f"the container {', '.join(names)}"
    return ports.holder(port) or "a program that only root can identify"
