"""The product's image in the registry: opened, read and described."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core.backoff import UNLIMITED, Backoff, with_retry
from towpath.core.errors import (
    ConfigurationError,
    NothingToJudgeError,
    RegistryNetworkError,
    RegistryNotFoundError,
    RegistryRefusedError,
    RegistryUnauthorizedError,
)
from towpath.core.references import Repository
from towpath.core.references import tag as whole_tag
from towpath.core.runner import command_failed
from towpath.engine import docker_commands as docker
from towpath.engine import port_conflicts as ports
from towpath.engine.ports import taken
from towpath.registry import oci_reader as oci
from towpath.registry import push_lock as guard
from towpath.registry.client import RegistryClient
from towpath.registry.login import registry_client
from towpath.registry.oci_reader import Descriptor, ImageConfig, Manifest

CONTAINER = "towpath-registry"
# Until a registry that was started has to answer.
STARTING = Backoff(first=0.1, longest=1.0, attempts=UNLIMITED, deadline=20.0)


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
                f"The platforms of {self.digest} have different values for the label {name}.",
                why=f"The values are {', '.join(sorted(values)) or 'all empty'}.",
                next_step="Build it again with `invoke build`.",
            )
        return values.pop()


def client(workspace: Workspace) -> RegistryClient:
    """Return the door to the product's repository."""
    return registry_client(workspace.config.images, workspace.config.env)


def start(workspace: Workspace) -> bool:
    """Bring up a registry of our own on this machine; return whether one had to be started.

    Raises ConfigurationError for a registry elsewhere, which is not ours to start. Raises
    CommandFailedError if the container does not start.
    """
    registry, place = client(workspace), workspace.config.images
    if _answers(registry):
        return False
    if not place.is_loopback:
        raise ConfigurationError(
            f"The registry {place.registry} does not respond, and is not on this machine.",
            next_step="Start it on its host, or set another registry in TOWPATH_REGISTRY.",
        )
    port = int(place.registry.partition(":")[2] or 80)
    with ports.named(workspace, "our registry", f"set another in TOWPATH_REGISTRY than {port}"):
        _start(workspace, port)
    with_retry(
        lambda: _require_answer(registry),
        lambda error: isinstance(error, RegistryNetworkError),
        STARTING,
    )
    return True


def _start(workspace: Workspace, port: int) -> None:
    """Start the registry's container, which is there already if it ever ran, or could not."""
    started = workspace.runner.run(docker.start(CONTAINER), check=False)
    if started.ok:
        return
    if taken(started.stderr):
        raise command_failed(started, " ".join(started.argv))
    workspace.runner.run(docker.run_registry(CONTAINER, port))


def login(
    workspace: Workspace,
    user: str,
    password: str,
    registry: str = "",
    *,
    folder: Path | None = None,
) -> None:
    """Log in, to the first registry or the one named; the password goes to standard input.

    `folder` is where the user's Docker config is, if that is not the one of the environment.
    """
    place = Repository(registry or workspace.config.registry, workspace.config.repository)
    env = {"DOCKER_CONFIG": str(folder)} if folder else None
    workspace.runner.run(docker.login(place.registry, user), stdin=password, env=env)


@guard.pushes
def push(workspace: Workspace, name: str, tag: str) -> str:
    """Push an image that the engine has under a tag, and return the digest that is there now."""
    reference = workspace.config.images.tagged(tag)
    registry = client(workspace)
    registry.ping()
    workspace.runner.run(docker.tag(name, reference))
    workspace.runner.run(docker.push(reference))
    return registry.awaiting(lambda: image(registry, tag)).digest


def untag(workspace: Workspace, name: str) -> None:
    """Take a tag away; raises RegistryRefusedError where the registry deletes no tags."""
    try:
        client(workspace).delete(whole_tag(name))
    except RegistryRefusedError as error:
        error.next_step = "This registry cannot delete tags; move the tag to another image instead."
        raise


def _answers(registry: RegistryClient) -> bool:
    try:
        _require_answer(registry)
    except RegistryNetworkError:
        return False
    return True


def _require_answer(registry: RegistryClient) -> None:
    """Raise RegistryNetworkError unless something answers, be it that it wants a login."""
    try:
        registry.ping(patient=False)
    except RegistryUnauthorizedError:
        return


def image(registry: RegistryClient, reference: str) -> Image:
    """Read an image and each of its platforms, by digest from here on.

    Every config has to be there and to name the platform that the index gives it, once. Raises
    RegistryNotFoundError for a reference or a part that is not there. Raises NothingToJudgeError
    for an index that lists a platform twice or wrongly.
    """
    index = registry.manifest(reference)
    if not index.is_index:
        only = _platform(registry, index)
        return Image(index, {only.config.platform: only})
    found: dict[str, PlatformImage] = {}
    for child in oci.children(index):
        if child.platform in found:
            raise NothingToJudgeError(
                f"{index.digest} lists {child.platform} twice.",
                why="A client may pull either one, and only one of them was judged.",
                next_step="Build it again with `invoke build`.",
            )
        part = _platform(registry, registry.manifest(child.digest))
        if part.config.platform != child.platform:
            raise NothingToJudgeError(
                f"{child.digest} is listed as {child.platform} but is {part.config.platform}.",
                next_step="Build it again with `invoke build --no-cache`.",
            )
        found[child.platform] = part
    return Image(index, found)


def _platform(registry: RegistryClient, manifest: Manifest) -> PlatformImage:
    config = oci.image_config(registry.content(oci.config_of(manifest)))
    for layer in oci.layers(manifest):
        _require(registry, layer)
    return PlatformImage(manifest, config, oci.compressed_size(manifest))


def _require(registry: RegistryClient, layer: Descriptor) -> None:
    if not registry.has_blob(layer.digest):
        raise RegistryNotFoundError(
            f"{registry.repository} does not have the layer {layer.digest}.",
            why="The image was not pushed completely.",
            next_step="Build it again with `invoke build`.",
        )
