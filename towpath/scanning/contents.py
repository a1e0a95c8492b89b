"""What is installed in an image, read from its layers, and whose it is: the base's or ours."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from towpath.core.errors import NothingToJudgeError
from towpath.evidence.provenance import Base
from towpath.images import layers
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.image import PlatformImage
from towpath.scanning import debian_reader as debian
from towpath.scanning import distributions_reader as distributions
from towpath.scanning.debian_reader import Package

BASE, OURS, UNKNOWN = "base", "ours", ""

Pin = tuple[str, str]


@dataclass(frozen=True)
class Inventory:
    """What a platform of an image has installed; `base_*` is None where its base is not known."""

    codename: str
    packages: tuple[Package, ...]
    pins: tuple[Pin, ...]
    base_packages: frozenset[Package] | None = None
    base_pins: frozenset[Pin] | None = None

    def owner_of_package(self, package: Package) -> str:
        """Return who put a package of the distribution there."""
        return _owner(package, self.base_packages)

    def owner_of_pin(self, pin: Pin) -> str:
        """Return who put a Python distribution there."""
        return _owner(pin, self.base_pins)


def read_inventory(registry: RegistryClient, image: PlatformImage, base: Base | None) -> Inventory:
    """Read the layers of one platform, first the base's, then ours.

    Raises NothingToJudgeError for a layer that cannot be read, and for an image that does not say
    what it is made of.
    """
    rows = oci.layers(image.manifest)
    below = base.layers.get(image.config.platform, ()) if base else ()
    known = bool(below) and len(oci.above(rows, below)) < len(rows)
    files: dict[str, bytes] = {}
    base_packages: frozenset[Package] | None = None
    base_pins: frozenset[Pin] | None = None
    for number, layer in enumerate(rows, 1):
        _lay(registry, layer, files)
        if known and number == len(below):
            base_packages = _packages_of_base(files)
            base_pins = frozenset(distributions.read_distributions(files))
    return Inventory(
        debian.codename(files),
        tuple(debian.installed(files)),
        tuple(distributions.read_distributions(files)),
        base_packages,
        base_pins,
    )


def _packages_of_base(files: dict[str, bytes]) -> frozenset[Package]:
    """Return the base's packages: one that does not say which it has, has none to answer for."""
    try:
        return frozenset(debian.installed(files))
    except NothingToJudgeError:
        return frozenset()


def _lay(registry: RegistryClient, layer: oci.Descriptor, files: dict[str, bytes]) -> None:
    try:
        with (
            registry.open_blob(layer.digest, layer.size) as stream,
            layers.opened(stream, f"The layer {layer.digest}") as tar,
        ):
            oci.overlay(files, tar, _wanted)
    except NothingToJudgeError as error:
        raise NothingToJudgeError(
            error.what,
            why=f"{layer.media_type}: {error.why}",
            next_step="Install Trivy, which reads more formats.",
        ) from error


def _wanted(name: str) -> bool:
    return debian.wanted(name) or distributions.wanted(name)


def _owner(row: object, base: Collection[object] | None) -> str:
    if base is None:
        return UNKNOWN
    return BASE if row in base else OURS
