"""Read the installed packages from an image's layers, and whether the base image has them."""

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
    """The packages of one platform of an image; `base_*` is None if the base image is unknown."""

    codename: str
    packages: tuple[Package, ...]
    pins: tuple[Pin, ...]
    base_packages: frozenset[Package] | None = None
    base_pins: frozenset[Pin] | None = None

    def owner_of_package(self, package: Package) -> str:
        """Return whether the base image or our layers installed a Debian package."""
        return _owner(package, self.base_packages)

    def owner_of_pin(self, pin: Pin) -> str:
        """Return whether the base image or our layers installed a Python distribution."""
        return _owner(pin, self.base_pins)


def read_inventory(registry: RegistryClient, image: PlatformImage, base: Base | None) -> Inventory:
    """Read the layers of one platform, from the base image up.

    Raises NothingToJudgeError for an unreadable layer, and for an image without a list of packages.
    Raises RegistryError.
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
    """Return the packages of the base image; none if it has no list of packages."""
    try:
        return frozenset(debian.installed(files))
    except NothingToJudgeError:
        return frozenset()


def _lay(registry: RegistryClient, layer: oci.Descriptor, files: dict[str, bytes]) -> None:
    try:
        with (
            registry.open_blob(layer.digest, layer.size) as stream,
            layers.opened(stream, f"layer {layer.digest}") as tar,
        ):
            oci.overlay(files, tar, _wanted)
    except NothingToJudgeError as error:
        raise NothingToJudgeError(
            error.what,
            why=f"{layer.media_type}: {error.why}",
            next_step="Install Trivy, which supports more formats.",
        ) from error


def _wanted(name: str) -> bool:
    return debian.is_package_list(name) or distributions.is_metadata(name)


def _owner(row: object, base: Collection[object] | None) -> str:
    if base is None:
        return UNKNOWN
    return BASE if row in base else OURS
