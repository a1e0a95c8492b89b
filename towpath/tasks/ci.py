"""`invoke ci.*`: the checks in containers, for machines that have an engine and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.tasks import task

from towpath.core.errors import ConfigurationError
from towpath.tasks.context import entry, with_engine, workspace

if TYPE_CHECKING:
    from towpath.config.workspace import Workspace
    from towpath.core.runner import Runner
    from towpath.core.terminal import Terminal


@dataclass(frozen=True)
class Labelled:
    """The echo of one of several services: its name stands before each line."""

    terminal: Terminal
    service: str

    def command(self, line: str) -> None:
        """Show the line of a command that is about to run."""
        self.terminal.command(f"{self.service:17} | {line}")

    def stream(self, line: str) -> None:
        """Show one line of a command's output."""
        self.terminal.stream(f"{self.service:17} | {line}")


@task(
    positional=[],
    iterable=["service"],
    help={
        "service": "Only this one; may be given again: --service=lint-check --service=unit-tests",
        "verbose": "Show every command and what it prints.",
    },
)
@entry
def run(_c: Context, service: list[str], verbose: bool = False) -> None:
    """Run the checks in containers side by side; fail if one of them did not pass."""
    from towpath.checks import containers as ci
    from towpath.environments.engine import Engine

    checks = ci.chosen(service)
    found = with_engine(workspace(verbose=verbose))
    platform = Engine(found.config.env).platform()
    place = ci.ContainerHost(_socket(found), platform, lambda name: _runner(found, name))
    ci.require_passed(ci.run(found, checks, place))


def _runner(found: Workspace, service: str) -> Runner:
    """Return a runner that puts the service's name before each line."""
    from towpath.core import environment
    from towpath.core.runner import Runner

    config = found.config
    env = environment.of_tools(config.env)
    return Runner(Labelled(found.terminal, service), env=env, cwd=config.root)


def _socket(found: Workspace) -> Path:
    """Return the engine's socket on this machine: an engine elsewhere does not see our files."""
    from towpath.engine.discover import host_endpoint

    endpoint = host_endpoint(found.config.env)
    scheme, _, address = endpoint.partition("://")
    if scheme != "unix" or not Path(address).exists():
        raise ConfigurationError(
            f"The engine at {endpoint} is not on this machine.",
            why="The containers get copies of the working tree from this machine's disk.",
            next_step="Run it on that machine, or unset DOCKER_HOST.",
        )
    return Path(address)
