"""The images of an environment's services by digest: resolved once, and again when that is decided.

A Compose file names them by tag, and a tag moves. What a name pointed at when it was first used is
kept with the environment, in one more Compose file that names each image by digest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from towpath.core import documents
from towpath.core import references as images
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.engine import docker_commands as docker
from towpath.engine import optional_images
from towpath.environments import compose_commands as compose
from towpath.environments import compose_reader as reader
from towpath.environments.environment import Release, Site
from towpath.environments.state.volume import PINS

# Docker Hub has several names, and the engine writes the shortest one.
HUB = ("docker.io/", "index.docker.io/", "registry-1.docker.io/")
# The part of the file that Compose does not read: each name with what it was resolved to.
NAMES = "x-names"


def pin(site: Site, *, resolve: bool = False) -> Mapping[str, str]:
    """Name the image of every service by digest from here on, and return each by its service.

    A name that was resolved before keeps its digest; with `resolve` every name is asked for anew.
    Raises CommandFailedError, and nothing has changed, where a digest cannot be had.
    """
    known = {} if resolve else _read(site)[0]
    named = _named(site)
    names = {name: known.get(name) or _resolved(site, name, resolve) for name in named.values()}
    for reference in sorted(set(names.values())):
        _have(site, reference)
    found = {service: names[name] for service, name in sorted(named.items())}
    document = {
        "services": {service: {"image": reference} for service, reference in found.items()},
        NAMES: dict(sorted(names.items())),
    }
    site.state.write(PINS, (json.dumps(document, indent=1) + "\n").encode())
    return found


def used(site: Site) -> dict[str, str]:
    """Return the reference by digest of every service; none before the first `pin`.

    Raises CommandFailedError if the file that records them is damaged.
    """
    return _read(site)[1]


def repository(name: str) -> str:
    """Return the repository of an image as the engine writes it: `docker.io/library/x:1` is `x`."""
    head, slash, last = name.partition("@")[0].rpartition("/")
    path = f"{head}{slash}{last.partition(':')[0]}"
    for hub in HUB:
        if path.startswith(hub):
            return path.removeprefix(hub).removeprefix("library/")
    return path


def _named(site: Site) -> dict[str, str]:
    """Return the image of each service but the product's, which a deployment names by digest."""
    own = Release().image
    output = site.compose(compose.config(site.declared)).stdout
    return {service: name for service, name in reader.images(output).items() if name != own}


def _resolved(site: Site, name: str, resolve: bool) -> str:
    """Return an image by digest: what the engine has under the name, else what the registry has."""
    if "@" in name:
        return f"{repository(name)}@{images.digest(name.partition('@')[2])}"
    found = None if resolve else _by_digest(site, name)
    if found is None:
        tools = site.workspace
        optional_images.provide(tools.config.env, tools.runner, tools.terminal, [name])
        with site.workspace.terminal.step(f"resolve {name}"):
            site.workspace.runner.run(docker.pull(name))
        found = _by_digest(site, name)
    if found is None:
        raise CommandFailedError(
            f"Cannot determine the digest of {name}.",
            why="The engine has the image, but knows no registry that has it.",
            next_step="Push it to a registry and use that name in the Compose file.",
        )
    return found


def _by_digest(site: Site, name: str) -> str | None:
    image = site.engine.image(name)
    wanted = repository(name)
    found = [row for row in image.digests if repository(row) == wanted] if image else []
    return min(found, default=None)


def _have(site: Site, reference: str) -> None:
    """Let the engine have an image; say what to decide where it is nowhere any more."""
    if site.engine.image(reference) is not None:
        return
    try:
        site.workspace.runner.run(docker.pull(reference))
    except CommandFailedError as error:
        raise CommandFailedError(
            f"Cannot pull the image {reference} of {site.name}.",
            why=error.why or error.what,
            next_step="If the registry no longer has it, resolve the tags again: "
            f"{_again(site)}",
        ) from error


def _read(site: Site) -> tuple[dict[str, str], dict[str, str]]:
    """Return the references by digest by name and by service; none before the first time."""
    text = site.state.read(PINS)
    if text is None:
        return {}, {}
    try:
        document = documents.loads(text)
        services = {name: row["image"] for name, row in document["services"].items()}
        return _checked(document[NAMES]), _checked(services)
    except (ValueError, KeyError, TypeError, AttributeError, ConfigurationError) as error:
        raise CommandFailedError(
            f"Unexpected format: {PINS}, in the state of {site.name}, lists no images.",
            why=documents.reason(error),
            next_step=f"Resolve the tags again: {_again(site)}",
        ) from error


def _checked(rows: Mapping[Any, Any]) -> dict[str, str]:
    """Return the rows, each a name and a reference by a complete digest; or ConfigurationError."""
    for reference in rows.values():
        images.digest(reference.partition("@")[2])
    return {str(name): str(reference) for name, reference in rows.items()}


def _again(site: Site) -> str:
    return f"invoke services.up --environment={site.name} --resolve"
