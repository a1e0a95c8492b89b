"""What is in an image, package by package: listed by syft for each platform, hung on its digest."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from towpath.checks import tool_env as tools
from towpath.config.workspace import Workspace
from towpath.core import tool_home as private
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.registry import attachments as attached
from towpath.registry import push_lock as guard
from towpath.registry.attachments import PLATFORM
from towpath.registry.client import RegistryClient
from towpath.registry.image import Image, PlatformImage
from towpath.scanning import spdx_reader as spdx
from towpath.scanning import syft_commands as syft

DEADLINE = 300  # seconds that a list may take
AT_ONCE = 2


@dataclass(frozen=True)
class SbomCounts:
    """How many packages each platform has by its list, and why a platform has no list."""

    packages: dict[str, int] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@guard.pushes
def ensure_attached(workspace: Workspace, registry: RegistryClient, image: Image) -> SbomCounts:
    """Make the lists that the image lacks, hang them on its digest, and read back all of them."""
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
        attached.attach(
            registry,
            image.index,
            spdx.ARTIFACT_TYPE,
            text.encode(),
            media_type=spdx.MEDIA_TYPE,
            annotations={PLATFORM: platform},
        )
    return SbomCounts(attached_packages(registry, image), missing)


def attached_packages(registry: RegistryClient, image: Image) -> dict[str, int]:
    """Return how many packages the lists in the registry name, keyed by platform.

    Raises NothingToJudgeError for a list that hangs there and is not one of this image.
    """
    found = {}
    for artifact in attached.artifacts(registry, image.digest, spdx.ARTIFACT_TYPE):
        platform = (artifact.document.get("annotations") or {}).get(PLATFORM, "")
        if platform in image.platforms:
            text = attached.content(registry, artifact).decode()
            found[platform] = spdx.packages(text, image.platforms[platform].manifest.digest)
    return found


def _client(workspace: Workspace) -> dict[str, str]:
    """Return where the Docker client keeps the logins of registries."""
    env = workspace.config.env
    return {"DOCKER_CONFIG": env.get("DOCKER_CONFIG") or f"{env.get('HOME', '')}/.docker"}


def _listed(
    workspace: Workspace, image: Image, wanted: dict[str, PlatformImage]
) -> Iterable[tuple[str, str | Exception]]:
    """Ask syft about each platform, two at once; what it did not answer is its error."""
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
                # It reads settings of its own here and at home, and what it needs to log in.
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
