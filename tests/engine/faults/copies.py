"""What tests of a misbehaving registry share: two registries, an image, and what has to be true."""

from __future__ import annotations

from pathlib import Path

from tests.fakes import QuietTerminal, TableRunner
from tests.misbehaving import RealRegistry
from tests.registry_server import NAME
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.references import Repository
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.client.uploads import CHUNK
from towpath.registry.oci_reader import Manifest

BIG = 2 * CHUNK + 4_000_000  # bytes: two whole chunks and a last one
SMALL = 300_000
UPLOAD = "/blobs/uploads/"


def workspace_of(root: Path, first: str, second: str) -> Workspace:
    """Return a session of a project with these two registries."""
    table = {"repository": NAME, "registry": first, "registries": [second]}
    env = {"TOWPATH_STATE": str(root / "state")}
    return Workspace(config.parse(table, root, env), TableRunner(), QuietTerminal())


def held(registry: RealRegistry) -> RegistryClient:
    """Return a client that goes past the proxy."""
    return RegistryClient(Repository(registry.host, NAME), env={})


def sizes(origin: RealRegistry, image: Manifest) -> int:
    """Return how many bytes all blobs of the image and its artifact have together."""
    client = held(origin)
    manifests = [client.manifest(row.digest) for row in oci.children(image)]
    manifests += [client.manifest(row.digest) for row in client.referrers(image.digest)]
    rows = {
        row.digest: row.size
        for manifest in manifests
        for row in (oci.config_of(manifest), *oci.layers(manifest))
    }
    return sum(rows.values())


def require_whole(target: RealRegistry, image: Manifest) -> None:
    """Assert that the second registry has every part, and the tag."""
    client = held(target)
    assert client.resolve("built") == image.digest
    for child in oci.children(image):
        manifest = client.manifest(child.digest)
        assert all(client.has_blob(row.digest) for row in oci.layers(manifest))
        assert client.blob(oci.config_of(manifest).digest)
    assert len(client.referrers(image.digest, "application/x")) == 1


def require_no_tag(target: RealRegistry) -> None:
    """Assert that the second registry shows nobody the image."""
    assert "built" not in held(target).tags()
