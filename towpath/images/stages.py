"""Which stages the Dockerfile of a build has, and which of them a command may build."""

from __future__ import annotations

from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest
from towpath.images import bake
from towpath.images import dockerfile_reader as dockerfile
from towpath.images.options import TARGETS, Flags
from towpath.rendering import files


def dockerfile_text(workspace: Workspace) -> str:
    """Return the project's Dockerfile; raises ConfigurationError where there is none."""
    try:
        name = files.build_files(workspace).dockerfile
        return (workspace.config.root / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("Cannot read the Dockerfile.", why=str(error)) from error


def selected(workspace: Workspace, flags: Flags) -> tuple[str, ...]:
    """Return the targets that are built: those that were named, or all that the Dockerfile has.

    Raises ConfigurationError for a named one that it does not have.
    """
    text = dockerfile_text(workspace)
    known = {row.name for row in dockerfile.stages(text)}
    if flags.every:
        found = (row for row in TARGETS if bake.stage_of(workspace, row).lower() in known)
        return tuple(found)
    for target in flags.targets:
        require_stage(text, bake.stage_of(workspace, target))
    return flags.targets


def require_stage(text: str, target: str) -> None:
    """Raise ConfigurationError for a stage that the Dockerfile has not."""
    names = [row.name for row in dockerfile.stages(text)]
    if target.lower() in names:
        return
    similar = nearest(target, names)
    missing = (
        f"Add a stage named {target}: to your Dockerfile, or, where Towpath renders it, to a file"
        " that [tool.towpath.image] stages names."
    )
    raise ConfigurationError(
        f"Unknown target {target!r}.{similar}",
        why=f"The stages of the Dockerfile are {', '.join(names)}.",
        next_step="" if similar else missing,
    )
