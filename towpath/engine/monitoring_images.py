"""The images of Prometheus, Alertmanager and the node exporter on the embedded engine.

They are assembled when monitoring starts for the first time, so that the first start of an engine
does not take longer for those who do not want it. Elsewhere they are the official ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from towpath.core import private
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Running
from towpath.core.terminal import Terminal
from towpath.engine import daemon, machine, recipes
from towpath.engine.layout import Layout, layout
from towpath.engine.lifecycle import alone

FILES = Path(__file__).with_name("images_for_monitoring")
IMAGES = ("prom/prometheus:v2.53.3", "prom/alertmanager:v0.28.1", "prom/node-exporter:v1.9.0")
# The mark of complete images: the recipe that they were made by.
MARK = "monitoring-images"
LOG = "images-monitoring.log"


def provide(env: Mapping[str, str], runner: Running, terminal: Terminal) -> None:
    """Let the embedded engine have the images; any other engine pulls them by itself.

    `env` says where that engine is, and which one is in use. Raises CommandFailedError if they
    cannot be built.
    """
    if not is_embedded(env):
        return
    own, made = layout(env), recipe()
    if _current(own, made):
        return
    with alone(own, terminal):
        if not _current(own, made):
            with terminal.step("engine: build the images of Prometheus and Alertmanager"):
                _build(own, made, runner)


def is_embedded(env: Mapping[str, str]) -> bool:
    """Tell whether the engine in use is the embedded one."""
    return env.get("DOCKER_HOST") == layout(env).host


def recipe() -> str:
    """Return the name of these recipes: all their files count."""
    return recipes.fingerprint(*(path.read_bytes() for path in sorted(FILES.iterdir())))


def missing(own: Layout, images: Sequence[str] = IMAGES) -> list[str]:
    """Return which of the images the engine's registry does not have."""
    pairs = [(image, *image.rsplit(":", 1)) for image in images]
    return [
        image
        for image, name, tag in pairs
        if not daemon.registry_answers(own.port, f"/v2/{name}/manifests/{tag}")
    ]


def _current(own: Layout, made: str) -> bool:
    mark = own.state / MARK
    return mark.is_file() and mark.read_text() == made and not missing(own)


def _build(own: Layout, made: str, runner: Running) -> None:
    runner.run(
        ["docker", "buildx", "bake", "--progress=plain"],
        env={"REGISTRY": own.registry, **machine.proxies(runner)},
        cwd=FILES,
        log=own.state / LOG,
    )
    if absent := missing(own):
        raise CommandFailedError(
            f"The registry does not have {', '.join(absent)} although it was pushed.",
            next_step=f"Read {own.state / LOG}.",
        )
    private.write_private(own.state / MARK, made)
