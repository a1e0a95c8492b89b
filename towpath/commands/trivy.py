"""What we ask of Trivy. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]


def image(reference: str, platform: str) -> Argv:
    """Scan one platform of an image, straight from its registry."""
    return [
        "trivy",
        "image",
        "--quiet",
        "--format=json",
        "--scanners=vuln",
        "--image-src=remote",
        f"--platform={platform}",
        reference,
    ]
