"""Builds images; the size of a project's first one becomes a baseline, as the checks' values did.

The file of the baseline is a part of the source, so that the image is then built once more, from
the cache.
"""

from __future__ import annotations

from towpath.checks import baseline_recording
from towpath.checks.by_name import judge_again
from towpath.config.workspace import Workspace
from towpath.core.errors import RegistryNotFoundError, RegistryUnauthorizedError
from towpath.core.references import TEST
from towpath.images import build as builds
from towpath.images.build import Built
from towpath.images.options import PRODUCTION
from towpath.registry import image as registry
from towpath.source import snapshot as sources
from towpath.source.snapshot import SourceSnapshot


def build_all(
    workspace: Workspace,
    source: SourceSnapshot,
    *,
    platforms: tuple[str, ...],
    targets: tuple[str, ...] = (PRODUCTION,),
    tag: str = "",
    no_cache: bool = False,
    shown: bool = False,
) -> tuple[Workspace, SourceSnapshot, dict[str, Built]]:
    """Build as `images.build.build_all` does, also with its errors, and record a first size.

    Return the workspace and the source that the images were built with.
    """
    built = builds.build_all(
        workspace,
        source,
        platforms=platforms,
        targets=targets,
        tag=tag,
        no_cache=no_cache,
        shown=shown,
    )
    image = built.get(PRODUCTION)
    if image is None or not image.above_base or _is_settled(workspace):
        return workspace, source, built
    recorded = baseline_recording.size_recorded(workspace, image.above_base)
    if recorded is workspace:
        return workspace, source, built
    judge_again(workspace, "scan")
    workspace.terminal.say("Building once more: the file of the baseline is a part of the source.")
    source = sources.read_source(recorded)
    built = builds.build_all(
        recorded, source, platforms=platforms, targets=targets, tag=tag, shown=shown
    )
    return recorded, source, built


def _is_settled(workspace: Workspace) -> bool:
    """Tell whether there is nothing to record: a value is there, or an image met the limit before.

    An image that was promoted met it, so that a larger one is worse.
    """
    if not workspace.config.baseline_file or "scan" in workspace.config.baseline.sections:
        return True
    try:
        registry.client(workspace).resolve(TEST)
    except (RegistryNotFoundError, RegistryUnauthorizedError):
        return False
    return True
