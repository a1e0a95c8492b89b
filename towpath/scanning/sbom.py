"""Create SBOMs with syft, one for each platform, and attach them to the image."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core import tool_home as private
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.registry import attachments, push_lock
from towpath.registry.attachments import PLATFORM
from towpath.registry.client import RegistryClient
from towpath.registry.image import Image, PlatformImage
from towpath.scanning import spdx_reader as spdx
from towpath.scanning import syft_commands as syft
from towpath.source import tool_env as tools

DEADLINE = 300  # seconds for one SBOM
AT_ONCE = 2  # SBOMs that are created in parallel


@dataclass(frozen=True)
class SbomCounts:
    """The number of packages of each platform, and why a platform has no SBOM."""

    packages: dict[str, int] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@push_lock.pushes
def ensure_attached(workspace: Workspace, registry: RegistryClient, image: Image) -> SbomCounts:
    """Create and attach the missing SBOMs of an image, and read all of them back.

    Raises RegistryError, and NothingToJudgeError for an invalid attached SBOM.
    """
    found = attached_packages(registry, image)
    missing: dict[str, str] = {}
    wanted = {name: part for name, part in image.platforms.items() if name not in found}
    for platform, text in _listed(workspace, image, wanted):
        try:
            if isinstance(text, Exception):
                raise text
            spdx.packages(text, image.platforms[platform].manifest.digest)
        except (CommandFailedError, ConfigurationError, NothingToJudgeError) as error:
            missing[platform] = " ".join(part for part in (error.what, error.why) if part)
            continue
        attachments.attach(
            registry,
            image.index,
            spdx.ARTIFACT_TYPE,
            text.encode(),
            media_type=spdx.MEDIA_TYPE,
            annotations={PLATFORM: platform},
        )
    return SbomCounts(attached_packages(registry, image), missing)


def attached_packages(registry: RegistryClient, image: Image) -> dict[str, int]:
    """Return the number of packages in the attached SBOMs, by platform.

    Raises RegistryError, and NothingToJudgeError for an attached SBOM of another image.
    """
    found = {}
    for artifact in attachments.artifacts(registry, image.digest, spdx.ARTIFACT_TYPE):
        platform = (artifact.document.get("annotations") or {}).get(PLATFORM, "")
        if platform in image.platforms:
            text = attachments.content(registry, artifact).decode()
            found[platform] = spdx.packages(text, image.platforms[platform].manifest.digest)
    return found


def _client(workspace: Workspace) -> dict[str, str]:
    """Return the variable for the Docker client's directory of registry logins."""
    env = workspace.config.env
    return {"DOCKER_CONFIG": env.get("DOCKER_CONFIG") or f"{env.get('HOME', '')}/.docker"}


def _listed(
    workspace: Workspace, image: Image, wanted: dict[str, PlatformImage]
) -> Iterable[tuple[str, str | Exception]]:
    """Return the SBOM of each platform, or the error with which syft failed."""
    if not wanted:
        return ()
    try:
        place = tools.environment(workspace, "syft")
    except (CommandFailedError, ConfigurationError) as error:
        return [(platform, error) for platform in wanted]
    reference = workspace.config.images.at(image.digest)

    def ask(platform: str) -> str | Exception:
        log = workspace.config.log(f"sbom-{platform.replace('/', '-')}")
        argv = syft.sbom(place, reference, platform)
        try:
            with private.home() as home:
                # In an empty directory, so that no settings of the project or the user apply.
                env = home | _client(workspace) | syft.ENV
                elsewhere = Path(home["HOME"])
                ended = workspace.runner.run(
                    argv, env=env, cwd=elsewhere, timeout=DEADLINE, log=log
                )
                return ended.stdout
        except CommandFailedError as error:
            return error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(zip(wanted, pool.map(ask, wanted), strict=True))
