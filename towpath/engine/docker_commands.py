"""What we ask of the engine by Docker's own command. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]


def info() -> Argv:
    """Ask the engine what it is."""
    return ["docker", "info", "--format", "json"]


def login(registry: str, user: str) -> Argv:
    """Log in to a registry; the password comes on standard input."""
    return ["docker", "login", f"--username={user}", "--password-stdin", registry]


def has_image(reference: str) -> Argv:
    """Fail unless the engine has an image."""
    return ["docker", "image", "inspect", "--format={{.Id}}", reference]


def pull(reference: str) -> Argv:
    """Fetch an image, and with a tag what that points at now."""
    return ["docker", "pull", "--quiet", reference]


def push(reference: str) -> Argv:
    """Push an image that the engine has."""
    return ["docker", "push", "--quiet", reference]


def tag(source: str, reference: str) -> Argv:
    """Give an image of the engine one more name."""
    return ["docker", "tag", source, reference]


def start(container: str) -> Argv:
    """Start a container that is there; fails where there is none of this name."""
    return ["docker", "start", container]


def publishing(port: int) -> Argv:
    """Name the running containers that publish a port of this machine."""
    return ["docker", "ps", f"--filter=publish={port}", "--format={{.Names}}"]


def run_registry(name: str, port: int) -> Argv:
    """Start a registry on this machine only; its images live as long as its volume."""
    return [
        "docker",
        "run",
        "--detach",
        f"--name={name}",
        "--restart=unless-stopped",
        f"--publish=127.0.0.1:{port}:5000",
        f"--volume={name}:/var/lib/registry",
        "--env=REGISTRY_STORAGE_DELETE_ENABLED=true",
        "registry:2",
    ]
