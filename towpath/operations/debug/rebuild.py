"""A build without cache whose whole output is shown and kept, up to the step that fails."""

from __future__ import annotations

from dataclasses import replace

from towpath.config.workspace import Workspace
from towpath.images import bake, build
from towpath.images.bake import Order
from towpath.images.stages import dockerfile_text, require_stage
from towpath.images.wheels import provide as wheels
from towpath.source import snapshot as sources

LOG = "debug-build"


def rebuild(workspace: Workspace, target: str, platform: str) -> str:
    """Build a stage of the Dockerfile without cache into the engine; return the image's name.

    Nothing is pushed or recorded. The log is kept under its own name, so that the next build does
    not replace it. Raises ConfigurationError for an unknown stage, and BuildFailedError with the
    step that failed and its last lines.
    """
    require_stage(dockerfile_text(workspace), bake.stage_of(workspace, target))
    order = debug_order(workspace, target, platform, no_cache=True, shown=True)
    name, _ = wheels.provided(
        workspace,
        order,
        lambda row: bake.build_locally(workspace, row, target, tag(target)),
        lambda _: "",
    )
    return name


def debug_order(
    workspace: Workspace, target: str, platform: str, *, no_cache: bool = False, shown: bool = False
) -> Order:
    """Return what a build of this stage asks of the builder: the same as `invoke build`."""
    source = sources.read_source(workspace)
    order = build.make_order(
        workspace, source, (target,), (platform,), no_cache=no_cache, shown=shown
    )
    return replace(order, log=LOG)


def tag(target: str) -> str:
    """Return the tag of an image that was only built to be looked into."""
    return f"debug-{target}"
