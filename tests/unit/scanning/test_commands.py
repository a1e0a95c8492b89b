"""The command lines for Trivy and syft, exactly."""

from __future__ import annotations

from towpath.scanning import syft_commands as syft
from towpath.scanning import trivy_commands as trivy


def test_trivy_is_asked_for_one_platform_of_the_registrys_image() -> None:
    """The image is read from the registry, not from an engine that may hold another."""
    assert trivy.image(trivy.BINARY, "r/n@sha256:1", "linux/arm64") == [
        *("trivy", "image", "--quiet", "--format=json", "--scanners=vuln"),
        *("--image-src=remote", "--platform=linux/arm64", "r/n@sha256:1"),
    ]


def test_trivy_in_a_container_reaches_a_local_registry() -> None:
    """It is on the host's network, and keeps its database."""
    assert trivy.container("trivy@sha256:1") == [
        *("docker", "run", "--rm", "--network=host"),
        *("--volume=towpath-trivy:/root/.cache/trivy", "trivy@sha256:1"),
    ]


def test_syft_reads_the_registry_for_one_platform() -> None:
    """No engine is asked; the answer is SPDX on standard output."""
    assert syft.sbom("/env", "r/n@sha256:1", "linux/arm64") == [
        *("/env/bin/syft", "scan", "registry:r/n@sha256:1", "--quiet"),
        *("--platform=linux/arm64", "--output=spdx-json"),
    ]
