"""What we ask of buildx and of the engine about images. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Argv = list[str]


def info() -> Argv:
    """Ask the engine what it is."""
    return ["docker", "info", "--format", "json"]


def inspect_builder(name: str) -> Argv:
    """Ask for a builder; fails where there is none of this name."""
    return ["docker", "buildx", "inspect", name]


def create_builder(name: str) -> Argv:
    """Make a builder in a container; on the host's network, so that it reaches a local registry."""
    return [
        "docker",
        "buildx",
        "create",
        f"--name={name}",
        "--driver=docker-container",
        "--driver-opt=network=host",
    ]


def build(
    *,
    platforms: Iterable[str],
    target: str,
    name: str,
    metadata_file: str,
    push: bool,
    arguments: Mapping[str, str],
    ca_file: str = "",
    builder: str = "",
    no_cache: bool = False,
) -> Argv:
    """Build one target for these platforms, and push it under `name` or keep it in the engine.

    Attestations are left out: they carry the time of the build, so that one commit would have a
    new digest each time. `ca_file` is the host's bundle of certificates, given as a build secret.
    """
    argv = ["docker", "buildx", "build", f"--platform={','.join(platforms)}", f"--target={target}"]
    argv += ["--progress=plain", "--provenance=false", "--sbom=false"]
    argv += [f"--metadata-file={metadata_file}"]
    argv += [f"--builder={builder}"] if builder else []
    argv += ["--no-cache"] if no_cache else []
    argv += [f"--build-arg={key}={value}" for key, value in arguments.items()]
    argv += [f"--secret=id=ca,src={ca_file}"] if ca_file else []
    kind = "type=image,push=true" if push else "type=docker"
    argv += [f"--output={kind},oci-mediatypes=true,name={name}"]
    return [*argv, "."]


def login(registry: str, user: str) -> Argv:
    """Log in to a registry; the password comes on standard input."""
    return ["docker", "login", f"--username={user}", "--password-stdin", registry]


def push(reference: str) -> Argv:
    """Push an image that the engine has."""
    return ["docker", "push", "--quiet", reference]


def tag(source: str, reference: str) -> Argv:
    """Give an image of the engine one more name."""
    return ["docker", "tag", source, reference]


def start(container: str) -> Argv:
    """Start a container that is there; fails where there is none of this name."""
    return ["docker", "start", container]


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
        "registry:2",
    ]
