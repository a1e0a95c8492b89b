"""Where the embedded engine keeps what it makes, and where it is reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from towpath.core.environment import variable
from towpath.core.errors import ConfigurationError

STATE = Path("/var/lib/towpath")
RUN = Path("/run/towpath")
# Where the user's own Docker config is, once DOCKER_CONFIG is that of the engine's clients.
USER_CONFIG = "TOWPATH_USER_DOCKER_CONFIG"
# The kernel takes 107 bytes for a socket's name; the longest is
# run/exec/containerd/containerd.sock.ttrpc below this directory.
LONGEST = 64


@dataclass(frozen=True)
class Layout:
    """Directories of one engine: `state` is kept on disk, `run` lives as long as the engine."""

    state: Path = STATE
    run: Path = RUN
    port: int = 5000

    @property
    def socket(self) -> Path:
        """The socket of the Docker engine."""
        return self.run / "docker.sock"

    @property
    def host(self) -> str:
        """What DOCKER_HOST has to be."""
        return f"unix://{self.socket}"

    @property
    def registry(self) -> str:
        """The registry as images name it."""
        return f"localhost:{self.port}"

    @property
    def record(self) -> Path:
        """Boot and process that the engine wrote of itself when it started."""
        return self.run / "engine.process"

    @property
    def log(self) -> Path:
        """The log of dockerd and the registry."""
        return self.state / "engine.log"

    @property
    def build_cache(self) -> Path:
        """What dockerd's builder knows of its cache; the layers are containerd's."""
        return self.state / "docker" / "buildkit"

    @property
    def containerd(self) -> Path:
        """The socket of the engine's containerd."""
        return self.run / "exec" / "containerd" / "containerd.sock"

    @property
    def lock(self) -> Path:
        """The file whose lock `up` and `down` hold."""
        return self.state / "lock"

    @property
    def pushes(self) -> Path:
        """The file whose lock everybody shares who pushes, and a prune holds alone."""
        return self.state / "registry.lock"

    @property
    def collecting(self) -> Path:
        """The mark of a registry that is read-only while its disk is freed."""
        return self.run / "collecting"

    @property
    def cli(self) -> Path:
        """A directory for PATH with the client that fits the engine."""
        return self.run / "cli"

    @property
    def client_config(self) -> Path:
        """DOCKER_CONFIG: the engine's plugins, the user's logins, the registry's password."""
        return self.run / "client"

    @property
    def password(self) -> Path:
        """The password that the engine's registry requires to push or delete.

        It is not there for an engine that an earlier version of the pipeline started.
        """
        return self.run / "registry.password"

    @property
    def images(self) -> Path:
        """The mark of complete base images: the recipe they were made by."""
        return self.state / "images"

    def root(self, recipe: str) -> Path:
        """The engine's own Debian, made by this recipe."""
        return self.state / f"root-{recipe}"

    def serves(self, registry: str) -> bool:
        """Tell whether this is where the engine's registry is, if there is one."""
        return registry in (f"localhost:{self.port}", f"127.0.0.1:{self.port}")

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return what a command needs in its environment to use this engine."""
        path = env.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        first = f"{self.cli}:"
        found = {
            "DOCKER_HOST": self.host,
            "DOCKER_CONFIG": str(self.client_config),
            "PATH": path if path.startswith(first) else first + path,
        }
        named = env.get("DOCKER_CONFIG", found["DOCKER_CONFIG"])
        return found if named == found["DOCKER_CONFIG"] else found | {USER_CONFIG: named}


def layout(env: Mapping[str, str]) -> Layout:
    """Return the layout that the environment asks for.

    `TOWPATH_ENGINE_DIR` puts everything under one directory, `TOWPATH_ENGINE_PORT` moves the
    registry. Raises ConfigurationError for values that cannot work.
    """
    port = variable(env, "TOWPATH_ENGINE_PORT", "5000")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigurationError(
            f"TOWPATH_ENGINE_PORT is {port!r}.", why="It must be a port number, 1 to 65535."
        )
    chosen = variable(env, "TOWPATH_ENGINE_DIR")
    if not chosen:
        return Layout(port=int(port))
    if not re.fullmatch(r"/[A-Za-z0-9._/-]+", chosen) or len(chosen) > LONGEST:
        raise ConfigurationError(
            f"TOWPATH_ENGINE_DIR is {chosen!r}.",
            why=f"It must be an absolute path of at most {LONGEST} letters, digits, . _ - and /"
            " (it becomes a mount option and the name of a socket).",
        )
    base = Path(chosen)
    return Layout(base / "state", base / "run", int(port))
