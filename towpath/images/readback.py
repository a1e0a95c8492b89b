"""Read back what was pushed: every platform, every layer, and the architecture of its programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core import documents, private
from towpath.core.errors import (
    CommandFailedError,
    NothingToJudgeError,
    RegistryError,
    RegistryNotFoundError,
)
from towpath.evidence.provenance import Base
from towpath.images import elf_reader as elf
from towpath.images import layers
from towpath.images.elf_reader import Machines
from towpath.registry import image as registries
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.image import Image
from towpath.registry.oci_reader import Descriptor

AT_ONCE = 4  # layers that are read in parallel
LIMIT = 64 << 20  # bytes of the cached analysis of a layer
LIMIT = 500  # layers whose analysis is cached
AGAIN = "Run `invoke build` again. No tag was moved."


def read_back(registry: RegistryClient, digest: str, platforms: Sequence[str]) -> Image:
    """Return the image as the registry has it; raises RegistryError if it is incomplete."""
    try:
        image = registry.awaiting(lambda: registries.image(registry, digest))
    except RegistryNotFoundError as error:
        raise RegistryError(
            f"The build succeeded, but {digest} is not in {registry.repository}.",
            why=error.what,
            next_step=AGAIN,
        ) from error
    missing = set(platforms) - set(image.platforms)
    if missing:
        raise RegistryError(
            f"{digest} has no image for {', '.join(sorted(missing))}.",
            why=f"Its platforms are: {', '.join(image.platforms) or 'none'}.",
            next_step=AGAIN,
        )
    return image


def base(registry: RegistryClient, name: str, digest: str) -> Base:
    """Return the layers of a base image on each platform; none for an empty digest (`scratch`).

    Raises RegistryError.
    """
    if not digest:
        return Base(name, {})
    image = registries.image(registry, digest)
    return Base(
        name,
        {
            platform: tuple(row.digest for row in oci.layers(part.manifest))
            for platform, part in image.platforms.items()
        },
    )


def added_layers(image: Image, base: Base | None) -> dict[str, list[Descriptor]]:
    """Return the layers of each platform above its base image; all if the base is unknown.

    Raises NothingToJudgeError for a manifest that is not as expected.
    """
    below = base.layers if base else {}
    return {
        platform: oci.above(oci.layers(part.manifest), below.get(platform, ()))
        for platform, part in image.platforms.items()
    }


def above_base(image: Image, base: Base | None) -> dict[str, int]:
    """Return the compressed bytes above the base image of each platform; {} if the base is unknown.

    If the image does not begin with the layers of the base (it was squashed), all layers count.
    Raises NothingToJudgeError for a manifest that is not as expected.
    """
    if base is None:
        return {}
    return {
        platform: sum(row.size for row in rows)
        for platform, rows in added_layers(image, base).items()
    }


def require_native(
    workspace: Workspace, registry: RegistryClient, images: Mapping[str, tuple[Image, Base | None]]
) -> dict[str, int]:
    """Return how many ELF files each target adds; all must be built for their platform.

    `images` maps a target to its image and base. The analysis of a layer is cached by its digest.
    Raises CommandFailedError for a file of another architecture, NothingToJudgeError for an
    unreadable layer, and RegistryError.
    """
    wanted = {
        (target, platform): rows
        for target, (image, below) in images.items()
        for platform, rows in added_layers(image, below).items()
    }
    distinct = {row.digest: row for rows in wanted.values() for row in rows}
    folder = workspace.config.state / "layers"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        known = dict(
            zip(distinct, pool.map(lambda row: _machines(registry, folder, row), distinct.values()))
        )
    _forget_old(folder)
    counts = dict.fromkeys(images, 0)
    for (target, platform), rows in wanted.items():
        inside = [known[row.digest] for row in rows]
        counts[target] += sum(len(names) for row in inside for names in row.values())
        _require_architecture(target, platform, inside)
    return counts


def _require_architecture(target: str, platform: str, inside: Sequence[Machines]) -> None:
    foreign = elf.foreign_binaries(platform, inside)
    if foreign:
        raise CommandFailedError(
            f"The image {target} for {platform} contains files of another architecture.",
            why=", ".join(foreign[:5]) + (", ..." if len(foreign) > 5 else ""),
            next_step="Check how the Dockerfile installs them. No tag was moved.",
        )


def _machines(registry: RegistryClient, folder: Path, layer: Descriptor) -> Machines:
    file = folder / f"{layer.digest.partition(':')[2]}.json"
    try:
        return {
            int(key): list(names)
            for key, names in documents.loads(file.read_bytes(), LIMIT).items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        machines = _analyse(registry, layer)
        private.write_private(file, json.dumps(machines).encode())
        return machines


def _analyse(registry: RegistryClient, layer: Descriptor) -> Machines:
    try:
        with (
            registry.open_blob(layer.digest, layer.size) as stream,
            layers.opened(stream, f"layer {layer.digest}") as tar,
        ):
            return elf.machines(tar)
    except NothingToJudgeError as error:
        raise NothingToJudgeError(
            f"Cannot read layer {layer.digest}.",
            why=f"{layer.media_type}: {error.why or error.what}",
            next_step=AGAIN,
        ) from error


def _forget_old(folder: Path) -> None:
    """Delete the cached analysis of all but the newest layers."""
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[LIMIT:]:
        file.unlink(missing_ok=True)
