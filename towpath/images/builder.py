"""Where a platform is built, and this machine's own engine as such a place."""

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

# What the client reads from a directory, as it wants its files called.
NAMES = {"ca": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
# What leads the client to an engine, besides what it keeps itself.
LEADING = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY")


@dataclass(frozen=True)
class Builder:
    """Who builds some platforms: its name for people, buildx' builder, and how it is reached.

    `emulates` is known of another machine that is not of the platform it builds.
    """

    name: str
    platforms: tuple[str, ...]
    builder: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    emulates: bool = False

    @property
    def elsewhere(self) -> bool:
        """Whether this is another machine, which has a loopback of its own."""
        return "://" in self.name


def here(workspace: Workspace, platforms: tuple[str, ...]) -> Builder:
    """Return this machine: its engine, where that builds for several platforms.

    Elsewhere a builder in a container is made once for each engine, and used from then on.
    """
    said = workspace.runner.run(docker.info()).stdout
    if has_image_store(said):
        return Builder("docker", platforms)
    files = _files(workspace.config.env)
    name = _name(workspace.config.env, engine_id(said), files)
    endpoint = ""
    if files:
        # buildx makes no builder of files that only the environment names.
        endpoint = f"{name}-engine"
        given = {what: str(file) for what, file in files.items()}
        make = builders.create_context(endpoint, workspace.config.env["DOCKER_HOST"], given)
        _ensure(workspace, builders.inspect_context(endpoint), make)
    _ensure(workspace, buildx.inspect_builder(name), buildx.create_builder(name, endpoint))
    return Builder(name, platforms, name)


def builder_name(env: Mapping[str, str], info: str) -> str:
    """Return what buildx calls the builder of this machine's engine, whether or not it was made.

    `info` is what `docker info --format json` said; the engine itself builds where it can.
    """
    if has_image_store(info):
        return "default"
    return _name(env, engine_id(info), _files(env))


def _ensure(workspace: Workspace, there: Argv, make: Argv) -> None:
    """Make what is not there; another build may do so in the same moment."""
    if workspace.runner.run(there, check=False).ok:
        return
    try:
        workspace.runner.run(make)
    except CommandFailedError:
        if not workspace.runner.run(there, check=False).ok:
            raise


def _name(env: Mapping[str, str], engine: str, files: Mapping[str, Path]) -> str:
    """Return what buildx calls the builder of an engine that is reached in this way."""
    said = [engine, *(env.get(name, "") for name in LEADING)]
    material = b"".join(file.read_bytes() for file in files.values())
    return f"towpath-{hashlib.sha256(json.dumps(said).encode() + material).hexdigest()[:12]}"


def _files(env: Mapping[str, str]) -> dict[str, Path]:
    """Return the files for TLS by which the environment leads to an engine; mostly none."""
    if not env.get("DOCKER_HOST") or not env.get("DOCKER_TLS_VERIFY"):
        return {}
    usual = env.get("DOCKER_CONFIG") or f"{env.get('HOME', '~')}/.docker"
    folder = Path(env.get("DOCKER_CERT_PATH") or usual)
    found = {what: folder / name for what, name in NAMES.items()}
    return {what: file for what, file in found.items() if file.is_file()}
