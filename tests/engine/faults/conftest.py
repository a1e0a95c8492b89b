"""A registry that behaves, one behind a proxy that does not, and an image to copy."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.faults.copies import BIG, SMALL, workspace_of
from tests.misbehaving import Proxy, RealRegistry, proxied, registry_program
from tests.registry_server import NAME, push_image
from tests.releases import labels
from towpath.config.workspace import Workspace
from towpath.core.references import Repository
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.oci_reader import Manifest
from towpath.tasks.context import workspace as new_workspace


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the registry's program: the embedded engine's, else the official image's."""
    return registry_program(new_workspace(engine=True), tmp_path_factory.mktemp("program"))


@pytest.fixture(scope="module")
def origin(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """The first registry, which behaves; its image is made once."""
    registry = RealRegistry(program, tmp_path_factory.mktemp("origin"))
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def image(origin: RealRegistry) -> Manifest:
    """An image of two platforms, one large and two small layers, and an artifact that hangs on it.

    The bytes are random, and the same each time.
    """
    client = RegistryClient(Repository(origin.host, NAME), env={})
    dice = random.Random(1)
    index = push_image(
        client,
        labels(),
        layer=dice.randbytes(BIG),
        tag="built",
        more=(dice.randbytes(SMALL), dice.randbytes(SMALL)),
    )
    client.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    blob = client.put_blob(b"evidence", "text/plain")
    client.attach(index.digest, oci.artifact("application/x", index.descriptor, [blob], {}))
    return index


@pytest.fixture
def target(program: Path, tmp_path: Path) -> Iterator[RealRegistry]:
    """A second registry, empty, for one test."""
    registry = RealRegistry(program, tmp_path / "target")
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture
def proxy(target: RealRegistry) -> Iterator[Proxy]:
    """The proxy before the second registry."""
    with proxied(target) as found:
        yield found


@pytest.fixture
def workspace(tmp_path: Path, origin: RealRegistry, image: Manifest, proxy: Proxy) -> Workspace:
    """A project with both registries, the second one behind the proxy."""
    return workspace_of(tmp_path, origin.host, proxy.host)
