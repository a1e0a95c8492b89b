"""The command line of syft. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]

# Disables the check for updates and the hashes of files, which are not needed.
ENV = {"SYFT_CHECK_FOR_APP_UPDATE": "false", "SYFT_FILE_METADATA_SELECTION": "none"}


def sbom(place: str, reference: str, platform: str) -> Argv:
    """List the packages of one platform of an image, straight from its registry, as SPDX JSON."""
    return [f"{place}/bin/syft", "scan", f"registry:{reference}", "--quiet"] + [
        f"--platform={platform}",
        "--output=spdx-json",
    ]
