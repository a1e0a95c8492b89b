"""Check the preconditions of a deployment before anything is changed."""

from __future__ import annotations

from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.environments import compose_commands as compose
from towpath.environments.environment import Release, Site

SLOTS = 8  # of the proxy
# An engine stores layers both compressed and unpacked: the factor on the compressed size.
UNPACKED = 4


def preflight(site: Site, release: Release) -> None:
    """Pull the image after checking its platform and the disk space.

    Raises ConfigurationError, CommandFailedError or RegistryError; the environment is not changed.
    """
    if 2 * site.environment.replicas > SLOTS:
        raise ConfigurationError(
            f"Too many replicas in {site.name}: {site.environment.replicas}, but the proxy has"
            f" {SLOTS} slots.",
            why="During a deployment, old and new containers need one slot each.",
            next_step=f"Set replicas to {SLOTS // 2} or fewer.",
        )
    if site.engine.image(release.image) is None:
        _check_offer(site, release)
        site.compose(compose.pull(site.project, "web"), release)
    found = site.engine.image(release.image)
    if found is None or found.platform != site.engine.platform():
        raise CommandFailedError(
            f"The image of {release.version} does not match the platform of the engine.",
            why=f"The engine runs {site.engine.platform()}; the image is for "
            f"{found.platform if found else 'an unknown platform, since it was not pulled'}.",
        )


def _check_offer(site: Site, release: Release) -> None:
    """Check that the image in the registry has this platform, and fits on the disk."""
    from towpath.registry import image as registry

    wanted = site.engine.platform()
    offered = registry.image(registry.client(site.workspace), release.digest)
    if wanted not in offered.platforms:
        raise ConfigurationError(
            f"{release.digest} has no image for {wanted}.",
            why=f"Its platforms are: {', '.join(offered.platforms)}.",
            next_step=f"Build it for this platform too: invoke build --platforms={wanted}",
        )
    needed, free = UNPACKED * offered.sizes[wanted], site.state.free()
    if needed > free:
        raise CommandFailedError(
            f"Not enough disk space for the image of {release.version}.",
            why=f"It needs about {needed >> 20} MiB; the disk of the engine has {free >> 20} MiB.",
            next_step="Free disk space there, for example with `docker image prune`.",
        )
