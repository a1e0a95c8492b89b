"""Starts the container of a session with an environment's state, and connects to it."""

from __future__ import annotations

import atexit
from typing import Any

from towpath.core.errors import ConfigurationError
from towpath.environments.engine import Engine
from towpath.environments.state import commands
from towpath.environments.state.session import StateSession
from towpath.environments.state.volume import VolumeState

# Source: Docker Engine API, version history: v1.45, `Subpath` of a volume.
OLDEST_API = (1, 45)
# Seconds that an answer may take: a link that is down for half a minute is no lost connection.
PATIENCE = commands.EXPIRY


# One session serves a process: every look at an environment would start a container else.
_OPEN: dict[tuple[str, str], VolumeState] = {}


def open_state(engine: Engine, project: str) -> VolumeState:
    """Return the state of a Compose project; nothing is started before it is needed."""
    known = (engine.endpoint, project)
    if known not in _OPEN:
        _OPEN[known] = VolumeState(lambda make: connect(engine, project, make=make))
        atexit.register(_OPEN[known].close)
    return _OPEN[known]


def connect(engine: Engine, project: str, *, make: bool) -> StateSession | None:
    """Start the program that keeps a project's state, and return the session with it.

    The volume is made with it; without `make` the result is None where there is none. Raises
    CommandFailedError if the engine does not answer or does not get the image, and
    ConfigurationError for one that is too old.
    """
    from docker.errors import ImageNotFound, NotFound

    with engine.errors(f"start the container of {project}'s state"):
        api: Any = engine.client.api
        _require_recent(str(api.api_version))
        if not make:
            try:
                api.inspect_volume(commands.volume_of(project))
            except NotFound:
                return None
        settings = commands.container(project)
        try:
            made = api.create_container_from_config(settings)
        except ImageNotFound:
            name, _, tag = commands.IMAGE.partition(":")
            api.pull(name, tag=tag)
            made = api.create_container_from_config(settings)
        streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        attached: Any = api.attach_socket(made["Id"], streams)
        # Over TLS the SDK returns the socket itself.
        connection = getattr(attached, "_sock", attached)
        connection.settimeout(PATIENCE)
        api.start(made["Id"])
    return StateSession(_Kept(connection, attached))


def _require_recent(version: str) -> None:
    """Raise ConfigurationError for an engine that mounts no part of a volume."""
    if tuple(map(int, version.split("."))) < OLDEST_API:
        raise ConfigurationError(
            f"The engine is too old: its API has the version {version}.",
            why="Containers get single files of the environment's state, which an engine can do"
            " from API 1.45 on (Docker Engine 26).",
            next_step="Update the engine.",
        )


class _Kept:
    """A connection, and the response that closes it when it is forgotten."""

    def __init__(self, connection: Any, response: Any) -> None:
        self._connection, self._response = connection, response
        self.sendall, self.recv = connection.sendall, connection.recv

    def close(self) -> None:
        """End the connection."""
        self._response.close()
        self._connection.close()
