"""A build without cache whose whole output is shown and kept, up to the step that fails."""

from __future__ import annotations

from dataclasses import replace

from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest
from towpath.images import bake, build
from towpath.images import dockerfile_reader as dockerfile
from towpath.images.bake import Order
from towpath.images.wheels import provide as wheels
from towpath.rendering import files
from towpath.source import snapshot as sources

LOG = "debug-build"


def rebuild(workspace: Workspace, target: str, platform: str) -> str:
    """Build a stage of the Dockerfile without cache into the engine; return the image's name.

    Nothing is pushed or recorded. The log is kept under its own name, so that the next build does
    not replace it. Raises ConfigurationError for an unknown stage, and BuildFailedError with the
    step that failed and its last lines.
    """
    require_stage(dockerfile_text(workspace), target)
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


def dockerfile_text(workspace: Workspace) -> str:
    """Return the project's Dockerfile; raises ConfigurationError where there is none."""
    try:
        name = files.build_files(workspace).dockerfile
        return (workspace.config.root / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("Cannot read the Dockerfile.", why=str(error)) from error


def require_stage(text: str, target: str) -> None:
    """Raise ConfigurationError for a stage that the Dockerfile has not."""
    names = [row.name for row in dockerfile.stages(text)]
    if target.lower() not in names:
        raise ConfigurationError(
            f"Unknown target {target!r}.{nearest(target, names)}",
            why=f"The stages of the Dockerfile are {', '.join(names)}.",
        )
