"""What we ask of buildx and of the engine about images. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]


def inspect_builder(name: str) -> Argv:
    """Ask for a builder; fails where there is none of this name."""
    return ["docker", "buildx", "inspect", name]


def create_builder(name: str, endpoint: str = "") -> Argv:
    """Make a builder in a container; on the host's network, so that it reaches a local registry.

    `endpoint` is a context; without it the engine is that of the environment.
    """
    options = [f"--name={name}", "--driver=docker-container", "--driver-opt=network=host"]
    return ["docker", "buildx", "create", *options, *([endpoint] if endpoint else [])]
