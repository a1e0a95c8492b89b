"""Images that the embedded engine builds after its first start, when something first needs them.

So the first start takes no longer for those who do not. What is built is kept in the engine's
registry under the usual name, with a mark of the recipe that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from towpath.core import private
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Running
from towpath.core.terminal import Terminal
from towpath.engine import daemon, machine, recipes
from towpath.engine.layout import Layout, layout
from towpath.engine.lifecycle import alone

FILES = Path(__file__).with_name("optional")


@dataclass(frozen=True)
class Assembly:
    """Images that are built together, and the name of what they are made by.

    `words` are those of the step that people see; `mark` and `log` are files of the engine's state.
    """

    images: tuple[str, ...]
    recipe: str
    words: str
    mark: str
    log: str


def is_embedded(env: Mapping[str, str]) -> bool:
    """Tell whether the engine in use is the embedded one."""
    return env.get("DOCKER_HOST") == layout(env).host


def missing(own: Layout, images: Sequence[str]) -> list[str]:
    """Return which images the engine's registry does not have under their usual names."""
    return [image for image in images if not _has(own, image)]


def provide(own: Layout, terminal: Terminal, made: Assembly, build: Callable[[], None]) -> None:
    """Build images unless the registry has all of them as this version of the package builds them.

    Raises CommandFailedError if the build fails, or pushed less than it should.
    """
    if _is_current(own, made):
        return
    with alone(own, terminal):
        if _is_current(own, made):
            return
        with terminal.step(f"engine: {made.words}"):
            build()
        if absent := missing(own, made.images):
            raise CommandFailedError(
                f"The registry does not have {', '.join(absent)} although it was pushed.",
                next_step=f"Read {own.state / made.log}.",
            )
        private.write_private(own.state / made.mark, made.recipe)


def fingerprint(*names: str) -> str:
    """Return the name of what images of FILES are made by: all these files count."""
    files = sorted(path for path in FILES.iterdir() if path.is_file())
    return recipes.fingerprint(*names, *(path.read_bytes() for path in files))


def bake(own: Layout, runner: Running, target: str, log: str) -> None:
    """Build a target or a group of FILES, and push it; raises CommandFailedError if that fails."""
    runner.run(
        ["docker", "buildx", "bake", "--progress=plain", target],
        env={"REGISTRY": own.registry, **machine.proxies(runner)},
        cwd=FILES,
        log=own.state / log,
    )


def _is_current(own: Layout, made: Assembly) -> bool:
    mark = own.state / made.mark
    return mark.is_file() and mark.read_text() == made.recipe and not missing(own, made.images)


def _has(own: Layout, image: str) -> bool:
    name, _, tag = image.partition("@")[0].rpartition(":")
    path = name if "/" in name else f"library/{name}"
    return daemon.registry_answers(own.port, f"/v2/{path}/manifests/{tag}")
