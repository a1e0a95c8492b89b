"""Images that the embedded engine assembles when a project first needs them.

A name that Debian has nothing for is pulled like any other, and where that is not possible, the
error says what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from towpath.core.errors import EngineAbsentError
from towpath.core.runner import Running
from towpath.core.terminal import Terminal
from towpath.engine import assembled_images
from towpath.engine import docker_commands as docker
from towpath.engine import python_images, recipes
from towpath.engine.assembled_images import Assembly
from towpath.engine.layout import layout

# Each image, and the target of the definition that builds it.
TARGETS: Mapping[str, str] = {"mariadb:11.8": "mariadb", "node:20-slim": "node"}


def known_images() -> tuple[str, ...]:
    """Return every image that the embedded engine can have without pulling it."""
    return tuple(sorted({*recipes.IMAGES, *TARGETS, *python_images.SUITES}))


def provide(
    env: Mapping[str, str], runner: Running, terminal: Terminal, images: Iterable[str]
) -> None:
    """Let the embedded engine have images by their usual names; any other engine pulls them itself.

    `env` says where that engine is, and which one is in use. Raises EngineAbsentError for an image
    that cannot be had, and CommandFailedError if one cannot be built.
    """
    if not assembled_images.is_embedded(env):
        return
    own = layout(env)
    for image in dict.fromkeys(images):
        if image in TARGETS:
            made = _assembly(image, assembled_images.fingerprint(image))
            build = partial(assembled_images.bake, own, runner, TARGETS[image], made.log)
            assembled_images.provide(own, terminal, made, build)
        elif image in python_images.SUITES:
            made = _assembly(image, python_images.recipe(image))
            build = partial(python_images.build, own, runner, image, made.log)
            assembled_images.provide(own, terminal, made, build)
        elif assembled_images.missing(own, [image]):
            _require_pullable(runner, image)


def _assembly(image: str, recipe: str) -> Assembly:
    name = f"image-{image.replace(':', '-')}"
    words = f"assemble {image} from Debian's packages"
    return Assembly((image,), recipe, words, name, f"{name}.log")


def _require_pullable(runner: Running, image: str) -> None:
    """Raise EngineAbsentError for an image that the engine has not and no registry gives."""
    if runner.run(docker.has_image(image), check=False).ok:
        return
    if (pulled := runner.run(docker.pull(image), check=False)).ok:
        return
    raise EngineAbsentError(
        f"The embedded engine cannot have the image {image}.",
        why=f"Debian has no package for it, and no registry gives it: {pulled.tail()}"
        f" It assembles {', '.join(known_images())}.",
        next_step="Choose one of these in [tool.towpath], or use a Docker engine that can pull it.",
    )
