"""Builders: where a platform is built, and the local Docker engine as a builder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.engine import docker_commands as docker
from towpath.images import builders_commands as builders
from towpath.images import buildx_commands as buildx
from towpath.images.builders_commands import Argv
from towpath.images.buildx_reader import engine_id, has_image_store

# The file names that Docker's client expects in a directory of TLS certificates.
NAMES = {"ca": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
# The variables by which Docker's client chooses an engine.
LEADING = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY")


@dataclass(frozen=True)
class Builder:
    """A machine that builds some platforms.

    `name` is shown to users; `builder` is the name of buildx's builder, empty for the default;
    `env` are the variables by which it is reached. `emulates` is true for a remote machine whose
    own platform differs from the one that it builds.
    """

    name: str
    platforms: tuple[str, ...]
    builder: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    emulates: bool = False

    @property
    def elsewhere(self) -> bool:
        """Whether this is another machine, where `localhost` means something else."""
        return "://" in self.name


def here(workspace: Workspace, platforms: tuple[str, ...]) -> Builder:
    """Return the local builder: the engine itself, if it can build for several platforms.

    Otherwise a builder in a container is created once for each engine, and reused.
    Raises CommandFailedError if the engine does not answer or the builder cannot be created.
    """
    info = workspace.runner.run(docker.info()).stdout
    if has_image_store(info):
        return Builder("docker", platforms)
    files = _files(workspace.config.env)
    name = _name(workspace.config.env, engine_id(info), files)
    endpoint = ""
    if files:
        # buildx cannot create a builder from TLS files that only the environment names.
        endpoint = f"{name}-engine"
        paths = {what: str(file) for what, file in files.items()}
        make = builders.create_context(endpoint, workspace.config.env["DOCKER_HOST"], paths)
        _ensure(workspace, builders.inspect_context(endpoint), make)
    _ensure(workspace, buildx.inspect_builder(name), buildx.create_builder(name, endpoint))
    return Builder(name, platforms, name)


def builder_name(env: Mapping[str, str], info: str) -> str:
    """Return what buildx calls the builder of this machine's engine, whether or not it was made.

    `info` is what `docker info --format json` said; the engine itself builds where it can. Raises
    NothingToJudgeError for an answer of buildx that cannot be read.
    """
    if has_image_store(info):
        return "default"
    return _name(env, engine_id(info), _files(env))


def _ensure(workspace: Workspace, inspect: Argv, make: Argv) -> None:
    """Create what does not exist yet; another build may do so at the same moment."""
    if workspace.runner.run(inspect, check=False).ok:
        return
    try:
        workspace.runner.run(make)
    except CommandFailedError:
        if not workspace.runner.run(inspect, check=False).ok:
            raise


def _name(env: Mapping[str, str], engine: str, files: Mapping[str, Path]) -> str:
    """Return the name of the builder of an engine that is reached with these settings."""
    settings = [engine, *(env.get(name, "") for name in LEADING)]
    material = b"".join(file.read_bytes() for file in files.values())
    return f"towpath-{hashlib.sha256(json.dumps(settings).encode() + material).hexdigest()[:12]}"


def _files(env: Mapping[str, str]) -> dict[str, Path]:
    """Return the TLS files that the environment names for its engine; usually none."""
    if not env.get("DOCKER_HOST") or not env.get("DOCKER_TLS_VERIFY"):
        return {}
    usual = env.get("DOCKER_CONFIG") or f"{env.get('HOME', '~')}/.docker"
    folder = Path(env.get("DOCKER_CERT_PATH") or usual)
    files = {what: folder / name for what, name in NAMES.items()}
    return {what: file for what, file in files.items() if file.is_file()}
