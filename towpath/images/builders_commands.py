"""What we ask of buildx about builders, and of engines elsewhere. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Mapping

from towpath.config.builders import KUBERNETES, BuilderNode
from towpath.images.bake_commands import cell

Argv = list[str]


def create_context(name: str, endpoint: str, files: Mapping[str, str]) -> Argv:
    """Keep an engine's address and its files for TLS under a name."""
    parts = {"host": endpoint, **files}
    cells = ",".join(cell(f"{key}={value}") for key, value in parts.items())
    return ["docker", "context", "create", name, f"--docker={cells}"]


def inspect_context(name: str) -> Argv:
    """Ask for an engine's address; fails where none is kept under this name."""
    return ["docker", "context", "inspect", name]


def remove_context(name: str) -> Argv:
    """Forget an engine's address."""
    return ["docker", "context", "rm", "--force", name]


def create(name: str, node: BuilderNode, endpoint: str) -> Argv:
    """Make a builder of one node, in a container of an engine or in pods of Kubernetes.

    `endpoint` is an address or the name of a context. Pods run on nodes of the platform unless the
    options choose others; containers are on their host's network, as the engine itself is.
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
    """Start a builder and ask what it is; fails where there is none, or it does not start."""
    return ["docker", "buildx", "inspect", "--bootstrap", name]


def remove(name: str) -> Argv:
    """Take a builder away, with its containers and its cache."""
    return ["docker", "buildx", "rm", "--force", name]


def bring_here(name: str) -> Argv:
    """Let a builder's only node be on this machine's engine, which nothing is started on by it."""
    return [
        *("docker", "buildx", "create", f"--name={name}", f"--node={name}0"),
        "--driver=docker-container",
    ]
