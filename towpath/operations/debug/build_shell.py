"""A shell in the last good layer of a build that fails: everything up to the failing step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.images import bake, stages
from towpath.images.bake import Order
from towpath.images.buildx import BuildFailedError
from towpath.images.wheels import provide as wheels
from towpath.operations.debug import debug_commands as commands
from towpath.operations.debug import layer_before as layers
from towpath.operations.debug import rebuild
from towpath.operations.debug.layer_before import LayerBefore

LOG = "debug-shell"


@dataclass(frozen=True)
class FailedBuild:
    """A build that ended at a step, and what it asked of the builder, its wheels included."""

    order: Order
    error: BuildFailedError


def open_build_shell(workspace: Workspace, target: str, platform: str) -> None:
    """Build a stage up to the step that fails, and open a shell in the layer before that step.

    A build that does not fail ends in a shell in the finished stage. Raises ConfigurationError for
    an unknown stage, BuildFailedError where no layer is before the step, and CommandFailedError
    for an image without a shell. How the shell itself ends is the person's matter.
    """
    text = stages.dockerfile_text(workspace)
    stages.require_stage(text, bake.stage_of(workspace, target))
    order = replace(rebuild.debug_order(workspace, target, platform), log=LOG)
    with workspace.terminal.step(f"Build {target} up to the step that fails"):
        built = _first_failure(workspace, order, target)
    terminal = workspace.terminal
    if isinstance(built, str):
        terminal.say(
            f"Every step of {target} succeeded. Shell in the finished stage; exit ends it."
        )
        with _removed(workspace, built):
            _open(workspace, built, ())
        return
    layer = _layer(text, built.error)
    with terminal.step(f"Build the layer before line {layer.line} of the Dockerfile"):
        name = _build_layer(workspace, built.order, target, layer)
    with _removed(workspace, name):
        _explain(workspace, built.error, layer)
        _open(workspace, name, layer.certificates)


def _first_failure(workspace: Workspace, order: Order, target: str) -> str | FailedBuild:
    """Build, and return the image's name, or how and with which wheels the build failed."""
    failed: list[FailedBuild] = []

    def attempt(row: Order) -> str:
        try:
            return bake.build_locally(workspace, row, target, rebuild.tag(target))
        except BuildFailedError as error:
            failed.append(FailedBuild(row, error))
            raise

    try:
        return wheels.provided(workspace, order, attempt, lambda _: "")[0]
    except BuildFailedError as error:
        # Another build, as that of a missing wheel, is of other stages with other arguments.
        if not failed or failed[-1].error is not error:
            raise
        return failed[-1]


def _layer(text: str, error: BuildFailedError) -> LayerBefore:
    """Return the layer before the step that failed; raises BuildFailedError without one."""
    layer = layers.layer_before(text, error.line) if error.line else None
    if layer is None:
        known = "No layer is before it" if error.line else "buildx does not name its line"
        raise BuildFailedError(
            f"{error.what} {known}, so that there is nothing to open a shell in.",
            why=error.why,
            next_step=error.next_step,
        )
    return layer


def _build_layer(workspace: Workspace, order: Order, target: str, layer: LayerBefore) -> str:
    """Build the layer with what the failing step mounts; without it where that is what fails."""
    tag = f"{rebuild.tag(target)}-layer"
    order = replace(order, log=f"{LOG}-layer")
    try:
        text = layer.dockerfile + layer.copies
        return bake.build_locally(workspace, order, target, tag, dockerfile=text)
    except BuildFailedError:
        if not layer.copies:
            raise
        workspace.terminal.warn("What the step mounts cannot be copied; the shell lacks it.")
        return bake.build_locally(workspace, order, target, tag, dockerfile=layer.dockerfile)


def _explain(workspace: Workspace, error: BuildFailedError, layer: LayerBefore) -> None:
    terminal = workspace.terminal
    terminal.say(f"{error.what} Its last lines:")
    for line in error.why.splitlines():
        terminal.say(f"  {line}")
    terminal.say(f"The step is line {layer.line} of the Dockerfile: {layer.instruction}")
    if layer.missing:
        terminal.say(f"The shell has not what the step mounts as {', '.join(layer.missing)}.")
    terminal.say("Shell in the layer before this step; exit ends it.")


@contextmanager
def _removed(workspace: Workspace, image: str) -> Iterator[None]:
    """Take an image's name out of the engine in the end; its layers stay in the build cache."""
    try:
        yield
    finally:
        workspace.runner.run(commands.remove_image(image), check=False)


def _open(workspace: Workspace, image: str, certificates: tuple[str, ...]) -> None:
    found = workspace.runner.run(commands.image_has_shell(image), check=False)
    if not found.ok:
        raise CommandFailedError(
            "The layer before the step has no shell.",
            why=found.tail(),
            next_step="See what the step wrote in the log, with invoke debug.build.",
        )
    bundle = bake.certificates(workspace.config.env) if _is_here(workspace) else ""
    mounts = [(bundle, place) for place in certificates if bundle]
    workspace.runner.interact(commands.image_shell(image, mounts))


def _is_here(workspace: Workspace) -> bool:
    """Tell whether the engine reads the files of this machine."""
    host = workspace.config.env.get("DOCKER_HOST", "")
    return not host or Path(host.removeprefix("unix://")).is_absolute()
