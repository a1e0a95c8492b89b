"""Which Docker engine answers: the host's, the embedded one, or none.

Podman has no driver of its own here. Its API service answers as a Docker engine does, and is used
where DOCKER_HOST or a context names its socket, or where /var/run/docker.sock is a link to it; its
sockets are not looked for otherwise. No test of ours runs with Podman.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from towpath.core.errors import ConfigurationError
from towpath.engine import contexts
from towpath.engine.layout import layout

DEFAULT = "unix:///var/run/docker.sock"
PATIENCE = 2.0

Probe = Callable[[str], bool]


@dataclass(frozen=True)
class DiscoveredEngine:
    """The engine that commands will talk to, and what they need in their environment for it."""

    kind: Literal["host", "embedded", "none"]
    endpoint: str
    environment: Mapping[str, str] = field(default_factory=dict)
    # What names the host's engine: DOCKER_HOST, or a context; empty for none.
    by: str = field(default="", compare=False)


def host_endpoint(env: Mapping[str, str]) -> str:
    """Return the endpoint the docker client would use: DOCKER_HOST, its context, the default.

    Raises ConfigurationError for a context that is not there.
    """
    return contexts.named(env).endpoint or DEFAULT


def answers(endpoint: str) -> bool:
    """Ask a unix socket for `/_ping`, or see whether a tcp address accepts connections.

    Any other endpoint (ssh) was configured on purpose and is not probed.
    """
    scheme, _, address = endpoint.partition("://")
    try:
        if scheme == "tcp":
            host, _, port = address.partition("/")[0].rpartition(":")
            with socket.create_connection((host.strip("[]"), int(port)), PATIENCE):
                return True
        return scheme != "unix" or _ping(address)
    except (OSError, ValueError):
        return False


def _ping(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(path)
        connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
        return b" 200 " in connection.recv(64)


def find(env: Mapping[str, str], probe: Probe = answers) -> DiscoveredEngine:
    """Return the host's engine where one answers, else the embedded one, else none.

    A context is passed on as variables, which every client understands. Raises ConfigurationError
    for an invalid directory of the embedded engine.
    """
    own = layout(env)
    named = contexts.named(env)
    endpoint = named.endpoint or DEFAULT
    if endpoint != own.host and probe(endpoint):
        return DiscoveredEngine("host", endpoint, named.environment, named.by)
    # What was named on purpose and does not answer is not exchanged for another in silence.
    if (not named.by or endpoint == own.host) and probe(own.host):
        return DiscoveredEngine("embedded", own.host, own.environment(env), named.by)
    return DiscoveredEngine("none", endpoint, by=named.by)


def require_reachable(endpoint: str) -> None:
    """Raise ConfigurationError for an engine that not all of our clients can reach."""
    scheme = endpoint.partition("://")[0]
    if scheme in ("unix", "tcp"):
        return
    raise ConfigurationError(
        f"The engine at {endpoint} is not supported.",
        why="Deployments and builds connect to an engine through unix:// or tcp://, not "
        f"{scheme}://.",
        next_step="Run the command on that machine, or use another engine: DOCKER_HOST= (empty) "
        "or DOCKER_CONTEXT=default selects the engine of this machine.",
    )
