"""Images that the embedded engine assembles when a project first needs them.

So the first start of an engine takes no longer for those who do not. A name that Debian has nothing
for is pulled like any other, and where that is not possible, the error says what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from towpath.core import private
from towpath.core.errors import CommandFailedError, EngineAbsentError
from towpath.core.runner import Running
from towpath.core.terminal import Terminal
from towpath.engine import daemon
from towpath.engine import docker_commands as docker
from towpath.engine import machine, python_images, recipes
from towpath.engine.layout import Layout, layout
from towpath.engine.lifecycle import alone

FILES = Path(__file__).with_name("optional")
# Each image, and the target of the definition that builds it.
TARGETS: Mapping[str, str] = {"mariadb:11.8": "mariadb", "node:20-slim": "node"}


def assembled_images() -> tuple[str, ...]:
    """Return every image that the embedded engine can have without pulling it."""
    return tuple(sorted({*recipes.IMAGES, *TARGETS, *python_images.SUITES}))


def is_embedded(env: Mapping[str, str]) -> bool:
    """Tell whether the engine in use is the embedded one."""
    return env.get("DOCKER_HOST") == layout(env).host


def provide(
    env: Mapping[str, str], runner: Running, terminal: Terminal, images: Iterable[str]
) -> None:
    """Let the embedded engine have images by their usual names; any other engine pulls them itself.

    `env` says where that engine is, and which one is in use. Raises EngineAbsentError for an image
    that cannot be had, and CommandFailedError if one cannot be built.
    """
    if not is_embedded(env):
        return
    own = layout(env)
    for image in dict.fromkeys(images):
        if image in TARGETS:
            _provide(own, terminal, image, partial(_build, own, image, runner))
        elif image in python_images.SUITES:
            _provide(own, terminal, image, partial(python_images.build, own, image, runner))
        elif not registry_has(own, image):
            _require_pullable(runner, image)


def registry_has(own: Layout, image: str) -> bool:
    """Tell whether the engine's registry has an image under its usual name."""
    name, _, tag = image.partition("@")[0].rpartition(":")
    path = name if "/" in name else f"library/{name}"
    return daemon.registry_answers(own.port, f"/v2/{path}/manifests/{tag}")


def _provide(own: Layout, terminal: Terminal, image: str, build: Callable[[], None]) -> None:
    """Build an image unless the registry has it as this version of the package builds it."""
    mark, made = own.state / f"image-{image.replace(':', '-')}", recipe(image)
    if mark.is_file() and mark.read_text() == made and registry_has(own, image):
        return
    with alone(own, terminal):
        if mark.is_file() and mark.read_text() == made and registry_has(own, image):
            return
        with terminal.step(f"engine: assemble {image} from Debian's packages"):
            build()
        if not registry_has(own, image):
            raise CommandFailedError(
                f"The registry does not have {image} although it was pushed.",
                next_step=f"Read the logs in {own.state}.",
            )
        private.write_private(mark, made)


def recipe(image: str) -> str:
    """Return the name of what an image is made by: all its files count."""
    if image in TARGETS:
        files = sorted(path for path in FILES.iterdir() if path.is_file())
        return recipes.fingerprint(image, *(path.read_bytes() for path in files))
    return python_images.recipe(image)


def _build(own: Layout, image: str, runner: Running) -> None:
    runner.run(
        ["docker", "buildx", "bake", "--progress=plain", TARGETS[image]],
        env={"REGISTRY": own.registry, **machine.proxies(runner)},
        cwd=FILES,
        log=own.state / f"image-{TARGETS[image]}.log",
    )


def _require_pullable(runner: Running, image: str) -> None:
    """Raise EngineAbsentError for an image that the engine has not and no registry gives."""
    if runner.run(docker.has_image(image), check=False).ok:
        return
    if (pulled := runner.run(docker.pull(image), check=False)).ok:
        return
    raise EngineAbsentError(
        f"The embedded engine cannot have the image {image}.",
        why=f"Debian has no package for it, and no registry gives it: {pulled.tail()}"
        f" It assembles {', '.join(assembled_images())}.",
        next_step="Choose one of these in [tool.towpath], or use a Docker engine that can pull it.",
    )
