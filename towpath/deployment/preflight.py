"""What has to be so before a deployment touches anything."""

from __future__ import annotations

import shutil

from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.environments import compose_commands as compose
from towpath.environments.environment import Release, Site

SLOTS = 8
# Layers are compressed in the registry and unpacked in the engine, which keeps both.
UNPACKED = 4


def preflight(site: Site, release: Release) -> None:
    """Have the image in the engine, for this machine and with room for it.

    Raises ConfigurationError or CommandFailedError; nothing of the environment is changed.
    """
    if 2 * site.environment.replicas > SLOTS:
        raise ConfigurationError(
            f"{site.name} has {site.environment.replicas} replicas, and the proxy {SLOTS} slots.",
            why="While a deployment switches, old and new containers need a slot each.",
            next_step=f"Set replicas to {SLOTS // 2} or fewer.",
        )
    if site.engine.image(release.image) is None:
        _check_offer(site, release)
        site.compose(compose.pull(site.project, "web"), release)
    found = site.engine.image(release.image)
    if found is None or found.platform != site.engine.platform():
        raise CommandFailedError(
            f"The image of {release.version} is not for this machine.",
            why=f"The engine runs {site.engine.platform()}, the image is for "
            f"{found.platform if found else 'nothing that was pulled'}.",
        )


def _check_offer(site: Site, release: Release) -> None:
    """See whether the registry's image has this platform, and fits on the disk."""
    from towpath.registry import image as registry

    wanted = site.engine.platform()
    offered = registry.image(registry.client(site.workspace), release.digest)
    if wanted not in offered.platforms:
        raise ConfigurationError(
            f"{release.digest} has no image for {wanted}.",
            why=f"It has {', '.join(offered.platforms)}.",
            next_step=f"Build it for this platform too: invoke build --platforms={wanted}",
        )
    directory = site.engine.data_directory()
    if not directory.is_dir():
        return  # an engine on another machine: its disk is not ours to measure
    needed, free = UNPACKED * offered.sizes[wanted], shutil.disk_usage(directory).free
    if needed > free:
        raise CommandFailedError(
            f"There is no room for the image of {release.version}.",
            why=f"It needs about {needed >> 20} MiB; {directory} has {free >> 20} MiB.",
            next_step="Make room, for example with `docker image prune`.",
        )
