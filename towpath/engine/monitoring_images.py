"""The images of Prometheus, Alertmanager and the node exporter on the embedded engine.

They are assembled when monitoring starts for the first time. Elsewhere they are the official ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from towpath.core.runner import Running
from towpath.core.terminal import Terminal
from towpath.engine import assembled_images
from towpath.engine.assembled_images import FILES, Assembly
from towpath.engine.layout import layout

__all__ = ("FILES", "IMAGES", "provide", "recipe")

IMAGES = ("prom/prometheus:v2.53.3", "prom/alertmanager:v0.28.1", "prom/node-exporter:v1.9.0")
# The mark of complete images, their log, and the group of the definition that builds them.
MARK, LOG, GROUP = "monitoring-images", "images-monitoring.log", "monitoring"
WORDS = "build the images of Prometheus and Alertmanager"


def provide(env: Mapping[str, str], runner: Running, terminal: Terminal) -> None:
    """Let the embedded engine have the images; any other engine pulls them by itself.

    `env` says where that engine is, and which one is in use. Raises CommandFailedError if they
    cannot be built.
    """
    if not assembled_images.is_embedded(env):
        return
    own, made = layout(env), Assembly(IMAGES, recipe(), WORDS, MARK, LOG)
    build = partial(assembled_images.bake, own, runner, GROUP, LOG)
    assembled_images.provide(own, terminal, made, build)


def recipe() -> str:
    """Return the name of these recipes: all their files count."""
    return assembled_images.fingerprint(*IMAGES)
