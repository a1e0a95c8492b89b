"""What we ask of syft. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]

# It asks nobody whether there is a newer syft, and hashes no file: the packages are the point.
ENV = {"SYFT_CHECK_FOR_APP_UPDATE": "false", "SYFT_FILE_METADATA_SELECTION": "none"}


def sbom(place: str, reference: str, platform: str) -> Argv:
    """List the packages of one platform of an image, straight from its registry, as SPDX JSON."""
    return [f"{place}/bin/syft", "scan", f"registry:{reference}", "--quiet"] + [
        f"--platform={platform}",
        "--output=spdx-json",
    ]
