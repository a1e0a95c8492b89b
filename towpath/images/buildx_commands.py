"""Commands for the builder of the local engine. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]


def inspect_builder(name: str) -> Argv:
    """Show a builder; the command fails if there is none of this name."""
    return ["docker", "buildx", "inspect", name]


def create_builder(name: str, endpoint: str = "") -> Argv:
    """Create a builder in a container, on the host's network so that it reaches a local registry.

    `endpoint` is a Docker context; without it the environment selects the engine.
    """
    options = [f"--name={name}", "--driver=docker-container", "--driver-opt=network=host"]
    return ["docker", "buildx", "create", *options, *([endpoint] if endpoint else [])]
