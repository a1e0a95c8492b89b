"""Read back what was pushed: every platform, every layer, and what the programs in it run on."""

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

AT_ONCE = 4
LIMIT = 64 << 20  # bytes of what we remember of a layer
KEPT = 500  # layers of which we remember what is in them
AGAIN = "Run `invoke build` again; no tag was moved."


def read_back(registry: RegistryClient, digest: str, platforms: Sequence[str]) -> Image:
    """Return the image as the registry holds it; raises RegistryError unless it is whole."""
    try:
        image = registry.awaiting(lambda: registries.image(registry, digest))
    except RegistryNotFoundError as error:
        raise RegistryError(
            f"The build ended well, and {registry.repository} does not hold {digest}.",
            why=error.what,
            next_step=AGAIN,
        ) from error
    missing = set(platforms) - set(image.platforms)
    if missing:
        raise RegistryError(
            f"{digest} lacks {', '.join(sorted(missing))}.",
            why=f"It has {', '.join(image.platforms) or 'no platform'}.",
            next_step=AGAIN,
        )
    return image


def base(registry: RegistryClient, name: str, digest: str) -> Base:
    """Return which layers a base has on each platform; an empty digest is a base without any."""
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


def ours(image: Image, base: Base | None) -> dict[str, list[Descriptor]]:
    """Return the layers of each platform that lie above its base; all where none is known."""
    below = base.layers if base else {}
    return {
        platform: oci.above(oci.layers(part.manifest), below.get(platform, ()))
        for platform, part in image.platforms.items()
    }


def above_base(image: Image, base: Base | None) -> dict[str, int]:
    """Return the compressed bytes above the base of each platform; nothing where none is known.

    A base that is not the lowest part of the image is none: whoever squashed it counts all of it.
    """
    if base is None:
        return {}
    return {platform: sum(row.size for row in rows) for platform, rows in ours(image, base).items()}


def require_native(
    workspace: Workspace, registry: RegistryClient, images: Mapping[str, tuple[Image, Base | None]]
) -> dict[str, int]:
    """Raise unless every ELF file of ours is made for its platform; return how many a target has.

    What is in a layer is remembered by the layer's digest: one that did not change costs nothing.
    """
    wanted = {
        (target, platform): rows
        for target, (image, below) in images.items()
        for platform, rows in ours(image, below).items()
    }
    unlike = {row.digest: row for rows in wanted.values() for row in rows}
    folder = workspace.config.state / "layers"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        known = dict(
            zip(unlike, pool.map(lambda row: _machines(registry, folder, row), unlike.values()))
        )
    _forget_old(folder)
    counts = dict.fromkeys(images, 0)
    for (target, platform), rows in wanted.items():
        inside = [known[row.digest] for row in rows]
        counts[target] += sum(len(names) for row in inside for names in row.values())
        _refuse_strangers(target, platform, inside)
    return counts


def _refuse_strangers(target: str, platform: str, inside: Sequence[Machines]) -> None:
    strange = elf.foreign_binaries(platform, inside)
    if strange:
        raise CommandFailedError(
            f"{target} for {platform} holds files of another architecture.",
            why=", ".join(strange[:5]) + (", ..." if len(strange) > 5 else ""),
            next_step="Look at what installs them in the Dockerfile; no tag was moved.",
        )


def _machines(registry: RegistryClient, folder: Path, layer: Descriptor) -> Machines:
    file = folder / f"{layer.digest.partition(':')[2]}.json"
    try:
        return {
            int(key): list(names)
            for key, names in documents.loads(file.read_bytes(), LIMIT).items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        found = _look(registry, layer)
        private.write_private(file, json.dumps(found).encode())
        return found


def _look(registry: RegistryClient, layer: Descriptor) -> Machines:
    try:
        with (
            registry.open_blob(layer.digest, layer.size) as stream,
            layers.opened(stream, f"The layer {layer.digest}") as tar,
        ):
            return elf.machines(tar)
    except NothingToJudgeError as error:
        raise NothingToJudgeError(
            f"The layer {layer.digest} cannot be read.",
            why=f"{layer.media_type}: {error.why or error.what}",
            next_step=AGAIN,
        ) from error


def _forget_old(folder: Path) -> None:
    """Keep what we know of the newest layers only."""
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[KEPT:]:
        file.unlink(missing_ok=True)
