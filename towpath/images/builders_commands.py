"""Commands for buildx's builders and Docker's contexts. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Mapping

from towpath.config.builders import KUBERNETES, BuilderNode
from towpath.images.bake_commands import cell

Argv = list[str]


def create_context(name: str, endpoint: str, files: Mapping[str, str]) -> Argv:
    """Store an engine's address and its TLS files as a Docker context."""
    parts = {"host": endpoint, **files}
    cells = ",".join(cell(f"{key}={value}") for key, value in parts.items())
    return ["docker", "context", "create", name, f"--docker={cells}"]


def inspect_context(name: str) -> Argv:
    """Show a Docker context; the command fails if there is none of this name."""
    return ["docker", "context", "inspect", name]


def remove_context(name: str) -> Argv:
    """Remove a Docker context."""
    return ["docker", "context", "rm", "--force", name]


def create(name: str, node: BuilderNode, endpoint: str) -> Argv:
    """Create a builder with one node, in a container of an engine or in pods of Kubernetes.

    `endpoint` is an address or the name of a context. Pods run on nodes of the platform unless the
    options select others; containers use the host's network, as the engine itself does.
    """
    argv = ["docker", "buildx", "create", f"--name={name}", f"--platform={node.platform}"]
    if node.scheme != KUBERNETES:
        return [*argv, "--driver=docker-container", "--driver-opt=network=host", endpoint]
    machine = node.platform.rpartition("/")[2]
    chosen = {"nodeselector": f"kubernetes.io/arch={machine}", **node.options}
    options = {**chosen, "namespace": node.host}
    return [
        *(*argv, "--driver=kubernetes"),
        *(f"--driver-opt={cell(f'{key}={value}')}" for key, value in sorted(options.items())),
    ]


def start(name: str) -> Argv:
    """Start a builder and show it; the command fails if it does not exist or does not start."""
    return ["docker", "buildx", "inspect", "--bootstrap", name]


def remove(name: str) -> Argv:
    """Remove a builder with its containers and its cache."""
    return ["docker", "buildx", "rm", "--force", name]


def move_to_local_engine(name: str) -> Argv:
    """Point a builder's only node at the local engine, without starting anything there."""
    return [
        *("docker", "buildx", "create", f"--name={name}", f"--node={name}0"),
        "--driver=docker-container",
    ]
