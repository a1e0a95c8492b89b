"""A shell in a running container of an environment."""

from __future__ import annotations

from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.core.suggest import nearest
from towpath.environments.engine import Container
from towpath.environments.environment import Site
from towpath.environments.services import LOG_LINES
from towpath.operations.debug import debug_commands as commands


def open_shell(site: Site, service: str, user: str = "") -> None:
    """Open a shell in a container; `service` is a service, or the name of one of its containers.

    Raises ConfigurationError for a service that the environment has not, and CommandFailedError
    for one that does not run or has no shell. How the shell itself ends is the person's matter.
    """
    workspace, container = site.workspace, running_container(site, service)
    found = workspace.runner.run(commands.has_shell(container.name, user), check=False)
    if not found.ok:
        raise CommandFailedError(
            f"Cannot open a shell in {container.name}.",
            why=found.tail(),
            next_step=f"invoke services.logs --environment={site.name} "
            f"--service={container.service}",
        )
    workspace.terminal.say(f"Shell in {container.name} ({container.image}); exit ends it.")
    workspace.runner.interact(commands.shell(container.name, user))


def running_container(site: Site, service: str) -> Container:
    """Return the container of this name, or the first running one of a service of this name.

    Raises ConfigurationError for an unknown one, CommandFailedError for one that does not run.
    """
    found = site.containers()
    up = f"invoke services.up --environment={site.name}"
    if not found:
        raise CommandFailedError(f"Nothing is running in {site.name}.", next_step=up)
    named = [row for row in found if service in (row.name, row.service)]
    names = sorted({row.service for row in found})
    if not named:
        raise ConfigurationError(
            f"Unknown service {service!r} in {site.name}.{nearest(service, names)}",
            why=f"It has containers of {', '.join(names)}.",
        )
    running = next((row for row in named if row.running), None)
    if running is None:
        raise CommandFailedError(
            f"{named[0].name} is not running.",
            why=site.engine.logs(named[0], LOG_LINES),
            next_step=up,
        )
    return running
