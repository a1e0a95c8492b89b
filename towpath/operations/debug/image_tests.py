"""The tests inside the testing image, on this terminal, with the services of the environment up."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from towpath.checks.tests.tests import services
from towpath.config.workspace import Workspace
from towpath.core import documents
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.environments import compose_commands as compose
from towpath.environments import compose_reader
from towpath.environments.environment import Release, Site
from towpath.images import bake, stages
from towpath.images.wheels import provide as wheels
from towpath.operations.debug import debug_commands as commands
from towpath.operations.debug import rebuild

TARGET, ENVIRONMENT = "testing", "testing"
LOG = "debug-tests"
# pytest's code for tests that were stopped, as `q` in its debugger does.
STOPPED = 2


def run_tests(workspace: Workspace, arguments: Sequence[str]) -> None:
    """Build the testing image, start its services, and run its command with these arguments.

    The services are stopped in the end. Raises CommandFailedError for tests that fail, for a build
    and for a service that does not start, and ConfigurationError where the services are given.
    """
    if workspace.config.services_are_external:
        raise ConfigurationError(
            "invoke debug.tests starts the services itself.",
            why="TOWPATH_SERVICES=given says that they are somewhere else.",
            next_step="Unset TOWPATH_SERVICES, or run: nox -s integration -- tests/integration",
        )
    site = Site.open(workspace, workspace.config.environment(ENVIRONMENT))
    image = _image(workspace, site.engine.platform())
    command, own = command_and_variables(workspace, image)
    words = command_of(command, arguments, workspace.config.root)
    with services(workspace):
        workspace.terminal.say(f"In the image {image}: {shlex.join(words)}")
        argv = commands.tests(site.project, words, replaced(own, _variables(site)))
        env = site.compose_variables(Release(image=image))
        code = workspace.runner.interact(argv, env=env, cwd=workspace.config.root)
    require_passed(code, image)


def require_passed(code: int, image: str) -> None:
    """Raise CommandFailedError for pytest's exit code, unless every test passed."""
    if code == STOPPED:
        raise CommandFailedError("The tests were stopped before their end.")
    if code:
        raise CommandFailedError(
            f"The tests in the image {image} failed (exit code {code}).",
            next_step="invoke debug.tests -- --pdb stops where the first one fails.",
        )


def command_of(command: Sequence[str], arguments: Sequence[str], root: Path) -> list[str]:
    """Return the image's own command with these arguments, and with complete tracebacks.

    Arguments that begin with a path replace the paths that the image's command ends with.
    """
    words = list(command)
    if arguments and not arguments[0].startswith("-"):
        while words and (root / words[-1].partition("::")[0]).exists():
            words.pop()
    return [*words, "--tb=long", *arguments]


def _image(workspace: Workspace, platform: str) -> str:
    """Build the testing image into the engine, and return its name."""
    stages.require_stage(stages.dockerfile_text(workspace), TARGET)
    order = replace(rebuild.debug_order(workspace, TARGET, platform), log=LOG)
    with workspace.terminal.step(f"Build {TARGET}"):
        name, _ = wheels.provided(
            workspace,
            order,
            lambda row: bake.build_locally(workspace, row, TARGET, rebuild.tag(TARGET)),
            lambda _: "",
        )
    return name


def _variables(site: Site) -> frozenset[str]:
    """Return the names of the variables that the product has in the environment."""
    return compose_reader.variables(
        site.compose(compose.config(site.project)).stdout, commands.PRODUCT
    )


def replaced(own: Iterable[str], variables: Collection[str]) -> list[str]:
    """Return the image's variables that the environment has in a file instead, as NAME_FILE."""
    return [name for name in own if f"{name}_FILE" in variables and name not in variables]


def command_and_variables(workspace: Workspace, image: str) -> tuple[list[str], list[str]]:
    """Return the command of an image, and the names of its variables.

    Raises NothingToJudgeError for one without a command.
    """
    said = workspace.runner.run(commands.image_config(image)).stdout
    try:
        config = documents.loads(said)
        words = [_text(word) for word in config["Cmd"]]
        names = [_text(row).partition("=")[0] for row in config.get("Env") or ()]
    except (ValueError, KeyError, TypeError, AttributeError):
        words, names = [], []
    if not words:
        raise NothingToJudgeError(
            f"The image {image} has no command that runs its tests.",
            why=f"Its configuration is {said.strip()[:80]}.",
            next_step="Let the stage testing of the Dockerfile end with CMD and the test command.",
        )
    return words, names


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r}")
    return value
