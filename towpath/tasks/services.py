"""Invoke tasks for the services of an environment."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry, workspace

_ENVIRONMENT = "An environment of the settings; default: development, or else testing."
_VERBOSE = "Show every command and what it prints."


@task(
    help={
        "environment": _ENVIRONMENT,
        "resolve": "Resolve the tags in the Compose files again.",
        "verbose": _VERBOSE,
    }
)
@entry
def up(_c: Context, environment: str = "", resolve: bool = False, verbose: bool = False) -> None:
    """Start database, cache and queue, wait until they are healthy, and show their addresses."""
    from towpath.environments import services as stack

    found = workspace(verbose=verbose, environment=environment)
    place = found.config.local_environment(environment)
    with found.terminal.step(f"services of {place.name}"):
        addresses = stack.services_up(found, place, resolve=resolve)
    found.terminal.table(f"Services of {place.name}", ("service", "address"), [*addresses.items()])
    if not place.engine:
        secrets = stack.secrets_for_processes(found, place)
        found.terminal.say(f"The passwords are in {secrets}.")


@task(
    help={
        "environment": _ENVIRONMENT,
        "volumes": "Delete the data too.",
        "verbose": _VERBOSE,
    }
)
@entry
def down(_c: Context, environment: str = "", volumes: bool = False, verbose: bool = False) -> None:
    """Stop and remove all containers of an environment; its data is kept."""
    from towpath.environments import services as stack

    found = workspace(verbose=verbose, environment=environment)
    place = found.config.local_environment(environment)
    with found.terminal.step(f"stop {place.name}"):
        stack.services_down(found, place, volumes)


@task(help={"environment": _ENVIRONMENT})
@entry
def ps(_c: Context, environment: str = "") -> None:
    """List the containers of an environment."""
    from towpath.environments.environment import Site

    found = workspace(environment=environment)
    place = found.config.local_environment(environment)
    site = Site.open(found, place)
    found.terminal.table(
        f"Containers of {place.name}",
        ("container", "service", "state", "restarts", "version", "addresses"),
        [
            (
                row.name,
                row.service,
                row.health if row.running else "not running",
                str(row.restarts),
                row.version,
                " ".join(row.addresses.values()),
            )
            for row in site.containers()
        ],
    )


@task(
    iterable=["service"],
    help={
        "environment": _ENVIRONMENT,
        "service": "Only this service; can be repeated.",
        "lines": "How many of the last lines of each service.",
        "follow": "Keep showing new lines until Ctrl-C.",
    },
)
@entry
def logs(
    _c: Context,
    service: list[str],
    environment: str = "",
    lines: int = 50,
    follow: bool = False,
) -> None:
    """Show the logs of the containers of an environment."""
    from towpath.environments import compose_commands as compose
    from towpath.environments.environment import Site

    # Followed lines have to be seen as they come.
    found = workspace(environment=environment, verbose=follow)
    site = Site.open(found, found.config.local_environment(environment))
    said = site.compose(compose.logs(site.project, service, lines=lines, follow=follow))
    if not follow:
        found.terminal.data(said.stdout.rstrip("\n"))


@task(help={"environment": _ENVIRONMENT, "seconds": "Maximum time to wait, in seconds."})
@entry
def wait(_c: Context, environment: str = "", seconds: int = 120) -> None:
    """Wait until every started service is healthy; exit 5 if one is not in time."""
    from towpath.core.errors import CommandFailedError
    from towpath.environments import services as stack
    from towpath.environments.environment import Site

    found = workspace(environment=environment)
    place = found.config.local_environment(environment)
    site = Site.open(found, place)
    names = tuple(dict.fromkeys(row.service for row in site.containers()))
    if not names:
        raise CommandFailedError(
            f"Nothing is running in {place.name}.",
            next_step=f"invoke services.up --environment={place.name}",
        )
    stack.wait(site, names, seconds)
    found.terminal.say(f"Healthy: {', '.join(names)}.")


@task(
    help={
        "service": "As in database or web; or the name of one of its containers.",
        "environment": _ENVIRONMENT,
        "user": "As this user of the container, as in root; default: the container's own.",
    }
)
@entry
def shell(_c: Context, service: str, environment: str = "", user: str = "") -> None:
    """Open a shell in a running container of an environment."""
    open_shell("invoke services.shell", service, environment, user)


def open_shell(command: str, service: str, environment: str, user: str) -> None:
    """Open a shell in a container of an environment, by default a local one; `command` was typed.

    Raises ConfigurationError without a terminal, and the errors of service_shell.open_shell.
    """
    from towpath.environments.environment import Site
    from towpath.operations.debug import service_shell as flow
    from towpath.operations.debug import terminals

    where = f" --environment={environment}" if environment else ""
    terminals.require_terminal(command, f"invoke services.logs{where} --service={service}")
    found = workspace(environment=environment)
    flow.open_shell(Site.open(found, found.config.local_environment(environment)), service, user)
