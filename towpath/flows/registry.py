"""The product's image in the registry: opened, read and described."""

from __future__ import annotations

from dataclasses import dataclass

from towpath.clients.registry import RegistryClient
from towpath.errors import NothingToJudgeError, RegistryNotFoundError
from towpath.flows.session import Session
from towpath.readers import oci
from towpath.readers.oci import Descriptor, ImageConfig, Manifest


@dataclass(frozen=True)
class PlatformImage:
    """One platform of an image: its manifest, its config, and its compressed size in bytes."""

    manifest: Manifest
    config: ImageConfig
    size: int


@dataclass(frozen=True)
class Image:
    """An image as the registry holds it, every platform read back; keys are platforms."""

    index: Manifest
    platforms: dict[str, PlatformImage]

    @property
    def digest(self) -> str:
        """The digest by which the image is built, judged, promoted and run."""
        return self.index.digest

    @property
    def sizes(self) -> dict[str, int]:
        """Compressed bytes of each platform."""
        return {name: image.size for name, image in self.platforms.items()}

    def label(self, name: str) -> str:
        """Return a label; raises NothingToJudgeError where the platforms do not agree on it."""
        values = {image.config.labels.get(name, "") for image in self.platforms.values()}
        if len(values) != 1:
            raise NothingToJudgeError(
                f"The platforms of {self.digest} have different labels {name}.",
                why=f"They say {', '.join(sorted(values)) or 'nothing'}.",
                next_step="Build it again with `invoke build`.",
            )
        return values.pop()


def client(session: Session) -> RegistryClient:
    """Return the door to the product's repository."""
    return RegistryClient(session.config.images, env=session.config.env)


def image(registry: RegistryClient, reference: str) -> Image:
    """Read an image and each of its platforms, by digest from here on.

    Every config has to be there and to name the platform that the index gives it. Raises
    RegistryNotFoundError for a reference or a part that is not there.
    """
    index = registry.manifest(reference)
    if not index.is_index:
        only = _platform(registry, index)
        return Image(index, {only.config.platform: only})
    found: dict[str, PlatformImage] = {}
    for child in oci.children(index):
        part = _platform(registry, registry.manifest(child.digest))
        if part.config.platform != child.platform:
            raise NothingToJudgeError(
                f"{child.digest} is listed as {child.platform} and is {part.config.platform}.",
                next_step="Build it again with `invoke build --no-cache`.",
            )
        found[child.platform] = part
    return Image(index, found)


def _platform(registry: RegistryClient, manifest: Manifest) -> PlatformImage:
    config = oci.image_config(registry.blob(oci.config_of(manifest).digest))
    for layer in oci.layers(manifest):
        _require(registry, layer)
    return PlatformImage(manifest, config, oci.compressed_size(manifest))


def _require(registry: RegistryClient, layer: Descriptor) -> None:
    if not registry.has_blob(layer.digest):
        raise RegistryNotFoundError(
            f"{registry.repository} lacks the layer {layer.digest}.",
            why="The image was not pushed as a whole.",
            next_step="Build it again with `invoke build`.",
        )
