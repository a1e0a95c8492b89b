"""Which Docker engine answers: the host's, the embedded one, or none."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from towpath.engine.doors import Starting
from towpath.engine.layout import layout
from towpath.terminal import Terminal

DEFAULT = "unix:///var/run/docker.sock"
PATIENCE = 2.0

Probe = Callable[[str], bool]


@dataclass(frozen=True)
class Found:
    """The engine that commands will talk to, and what they need in their environment for it."""

    kind: Literal["host", "embedded", "none"]
    endpoint: str
    environment: Mapping[str, str] = field(default_factory=dict)


def host_endpoint(env: Mapping[str, str]) -> str:
    """Return the endpoint the docker client would use: DOCKER_HOST, its context, the default.

    Source: Docker docs, "Docker contexts"; a context's file is named by the sha256 of its name.
    """
    if env.get("DOCKER_HOST"):
        return env["DOCKER_HOST"]
    home = Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME", "/root")) / ".docker")
    name = env.get("DOCKER_CONTEXT") or _json(home / "config.json").get("currentContext", "")
    meta = home / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    endpoint = _json(meta).get("Endpoints", {}).get("docker", {}).get("Host", "")
    return str(endpoint) or DEFAULT


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Absent or broken: the client itself falls back to its defaults.
        return {}
    return document if isinstance(document, dict) else {}


def answers(endpoint: str) -> bool:
    """Ask a unix socket for `/_ping`, or see whether a tcp address accepts connections.

    Any other endpoint (ssh) was named on purpose and is believed.
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


def find(env: Mapping[str, str], probe: Probe = answers) -> Found:
    """Return the host's engine where one answers, else the embedded one, else none."""
    own = layout(env)
    endpoint = host_endpoint(env)
    if endpoint != own.host and probe(endpoint):
        return Found("host", endpoint)
    if probe(own.host):
        return Found("embedded", own.host, own.environment(env))
    return Found("none", endpoint)


def engine_environment(env: Mapping[str, str], probe: Probe = answers) -> dict[str, str]:
    """Return what commands need in their environment; nothing for the host's engine or none."""
    return dict(find(env, probe).environment)


def ensure(runner: Starting, terminal: Terminal) -> dict[str, str]:
    """Return the environment of an engine that answers, bringing the embedded one up if none does.

    Raises EngineAbsentError where no engine answers and none can be brought up.
    """
    from towpath.engine.flow import up

    return up(runner, terminal)
