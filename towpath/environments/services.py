"""The services of an environment: started, waited for by their health, and taken down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.engine import port_conflicts as ports
from towpath.environments import compose_commands as compose
from towpath.environments import monitoring_project, secrets, service_images, tls
from towpath.environments.engine import Container
from towpath.environments.environment import POLL, PROXY, Site
from towpath.environments.proxy import READABLE
from towpath.environments.state.commands import volume_of
from towpath.environments.state.volume import BACKUPS
from towpath.environments.state.volume import PROXY as PROXY_FILES
from towpath.rendering import files

PATIENCE = 120
RESTARTS = 2
LOG_LINES = 12
PROXY_SETTINGS = f"{PROXY_FILES}/haproxy.cfg"


def services_up(
    workspace: Workspace,
    environment: Environment,
    services: Iterable[str] | None = None,
    *,
    resolve: bool = False,
) -> Mapping[str, str]:
    """Start services (by default all), wait until each is healthy, and return their addresses.

    With `resolve` their images are what the tags of the Compose files point at now. Nothing is
    published: the addresses are those of the containers. Raises CommandFailedError, with the last
    lines of its log, for a service that does not get there.
    """
    site = Site.open(workspace, environment)
    return up(site, site.services if services is None else tuple(services), resolve=resolve)


def services_down(workspace: Workspace, environment: Environment, volumes: bool = False) -> None:
    """Stop and remove an environment's containers and networks; with `volumes` its data too.

    Its monitoring, which is in one of the networks, goes first.
    """
    site = Site.open(workspace, environment)
    monitoring_project.stop(site, volumes=volumes)
    site.compose(compose.down(site.project, volumes=volumes))


def up(site: Site, services: tuple[str, ...], *, resolve: bool = False) -> Mapping[str, str]:
    """Start services of a site by digest, wait for their health and return their addresses.

    Raises CommandFailedError for a service that does not become healthy, and ConfigurationError for
    lost secrets.
    """
    prepare(site)
    service_images.pin(site, resolve=resolve)
    remedy = f"set another port in [tool.towpath.environments.{site.name}]"
    with ports.named(site.workspace, f"the proxy of {site.name}", remedy):
        site.compose(compose.up(site.project, services))
    return wait(site, services)


def wait(site: Site, services: tuple[str, ...], seconds: float = PATIENCE) -> Mapping[str, str]:
    """Wait until these services are healthy, and return their addresses.

    `seconds` is the longest time to wait. Raises CommandFailedError for a service that is not
    healthy by then, or restarts again and again.
    """
    deadline = site.clock.monotonic() + seconds
    while True:
        found = {row.service: row for row in site.containers() if row.service in services}
        well = {name: row for name, row in found.items() if row.well}
        if len(well) == len(services):
            return {name: _address(well[name]) for name in services}
        _give_up_on_restless(site, found.values())
        if site.clock.monotonic() >= deadline:
            name = sorted(set(services) - set(well))[0]
            raise _not_healthy(site, found.get(name), f"{name}: timed out after {seconds:g} s.")
        site.clock.sleep(POLL)


def _address(container: Container) -> str:
    return next(iter(container.addresses.values()), "")


def _give_up_on_restless(site: Site, found: Iterable[Container]) -> None:
    for row in found:
        if row.restarts > RESTARTS:
            raise _not_healthy(site, row, f"It was started {row.restarts + 1} times.")


def secrets_for_processes(workspace: Workspace, environment: Environment) -> Path:
    """Return a directory of this machine with the secrets of an environment, written anew.

    Processes outside of containers, such as tests, read them there. Raises CommandFailedError.
    """
    directory = workspace.config.state_of(environment) / secrets.COPIES
    return secrets.copy(Site.open(workspace, environment).state, directory)


def prepare(site: Site) -> None:
    """Make what the environment mounts of its state: directories, secrets, the proxy's settings.

    Raises ConfigurationError if the secrets are missing, but data exists that was created with
    them.
    """
    state = site.state
    _refuse_lost_secrets(site)
    secrets.ensure(state, site.workspace.config)
    state.make_directory(BACKUPS, secrets.DIRECTORY_MODE)
    # The proxy reads its states as another user; what keeps others away is the directory above.
    state.make_directory(PROXY_FILES, 0o755)
    settings = files.proxy_file(site.workspace.config).read_bytes()
    state.write(PROXY_SETTINGS, settings, READABLE)
    if tls.put(site) and any(row.service == PROXY and row.running for row in site.containers()):
        site.proxy.load_certificate(tls.INSIDE)


def _refuse_lost_secrets(site: Site) -> None:
    """Data that was made with other secrets cannot be opened with new ones."""
    if secrets.values(site.state):
        return
    own = volume_of(site.environment_project)
    if volumes := [name for name in site.engine.volumes(site.project_name) if name != own]:
        raise ConfigurationError(
            f"The secrets of {site.name} are missing in its state, the volume {own}.",
            why=f"Data that was created with them still exists: {', '.join(volumes)}.",
            next_step="Restore that volume, or delete the data and start anew: "
            f"invoke services.down --environment={site.name} --volumes",
        )


def _not_healthy(site: Site, row: Container | None, why: str) -> CommandFailedError:
    log = site.engine.logs(row, LOG_LINES) if row else "It has no container."
    return CommandFailedError(
        f"{row.service if row else 'A service'} of {site.name} is not healthy.",
        why=f"{why} {log}",
        next_step=f"invoke services.logs --environment={site.name}",
    )
