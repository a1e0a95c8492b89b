"""The command lines of Trivy. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Sequence

Argv = list[str]

BINARY = ["trivy"]


def container(image: str) -> Argv:
    """Start Trivy from its image, on the host's network; its database is kept in a volume."""
    return [
        *("docker", "run", "--rm", "--network=host"),
        *("--volume=towpath-trivy:/root/.cache/trivy", image),
    ]


def version(start: Sequence[str]) -> Argv:
    """Ask for its version, and when its database was made."""
    return [*start, "version", "--format=json"]


def image(start: Sequence[str], reference: str, platform: str) -> Argv:
    """Scan one platform of an image, straight from its registry; `start` is how Trivy starts."""
    return [
        *start,
        "image",
        "--quiet",
        "--format=json",
        "--scanners=vuln",
        "--image-src=remote",
        f"--platform={platform}",
        reference,
    ]
