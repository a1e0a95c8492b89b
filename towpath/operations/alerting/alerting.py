"""Start and stop Prometheus and Alertmanager beside an environment."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from towpath.core import private
from towpath.core.environment import variable
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.core.redaction import SECRETS
from towpath.engine import assembled_images, monitoring_images
from towpath.environments import compose_commands as compose
from towpath.environments import monitoring_project, services
from towpath.environments.environment import PROXY, Site
from towpath.environments.monitoring_project import MonitoringSite
from towpath.operations.alerting import receivers, settings_files
from towpath.operations.notify import settings as notify_settings

SERVICES = ("prometheus", "alertmanager", "node-exporter")
GRAFANA = "grafana"
# The port of each that people open.
PORTS = {"prometheus": 9090, "alertmanager": 9093, GRAFANA: 3000}
# A container reads these as a user of its own; what keeps others away is the directory above.
READABLE = 0o444


def start(site: Site, *, grafana: bool = False) -> Mapping[str, str]:
    """Start monitoring beside an environment that runs, and return the address of each page.

    Raises CommandFailedError if nothing runs there or a container does not get healthy,
    ConfigurationError for a receiver that cannot be used, and for Grafana on the embedded engine.
    """
    workspace, where = site.workspace, _receivers(site)
    if grafana and assembled_images.is_embedded(workspace.config.env):
        raise ConfigurationError(
            "The embedded engine has no image of Grafana.",
            why="Its images are assembled from Debian's packages, and Debian has no Grafana.",
            next_step="Leave out --grafana, or use an engine that can pull images.",
        )
    _require_running(site)
    found = monitoring_project.beside(site)
    names = (*SERVICES, GRAFANA) if grafana else SERVICES
    monitoring_images.provide(workspace.config.env, workspace.runner, workspace.terminal)
    _write(found, where)
    found.compose(compose.up(found.project, names))
    _wait(found, names)
    return {name: _published(found, name) for name in names if name in PORTS}


def stop(site: Site, *, volumes: bool = False) -> bool:
    """Stop the monitoring of an environment; False if there was none."""
    return monitoring_project.stop(site, volumes=volumes)


def receiver(site: Site) -> str:
    """Return the sentence about where alerts go; no address is in it.

    Raises ConfigurationError for an address that is not one.
    """
    settings = site.workspace.config.monitoring
    names = [f"the address in {settings.webhook_env}"] if _webhook(site) else []
    names += [f"the notification target {name}" for name in settings.notify]
    if names:
        return f"Alerts go to {' and '.join(names)}."
    return (
        f"Alerts go nowhere but to the page of Alertmanager: {settings.webhook_env} is not set,"
        " and tool.towpath.monitoring.notify names no target."
    )


@dataclass(frozen=True)
class _Where:
    """The receivers of alerts, and the files that have their secrets."""

    receivers: tuple[receivers.Receiver, ...]
    secrets: Mapping[str, str]


def _receivers(site: Site) -> _Where:
    """Return where alerts go; raises ConfigurationError for a target without its secret."""
    config = site.workspace.config
    targets = [config.notify[name] for name in config.monitoring.notify]
    notify_settings.require_ready(config, targets)
    files = {
        receivers.file_of(target.name, name): notify_settings.secret(config, target, name)
        for target in targets
        for name in target.variables
    }
    found = [receivers.receiver(target) for target in targets]
    if address := _webhook(site):
        found.append(receivers.webhook())
        files["webhook"] = address
    return _Where(tuple(found), files)


def _webhook(site: Site) -> str:
    """Return the address that alerts go to, empty for none."""
    config = site.workspace.config
    name = config.monitoring.webhook_env
    found = variable(config.env, name)
    SECRETS.hide(found)
    if found and not found.startswith(("https://", "http://")):
        raise ConfigurationError(
            f"{name} must be an http:// or https:// address.",
            why="Alertmanager delivers alerts to it.",
            next_step=f"Set {name} to the address of a webhook, or unset it.",
        )
    return found


def _require_running(site: Site) -> None:
    if not any(row.running for row in site.containers(PROXY)):
        raise CommandFailedError(
            f"Nothing is running in {site.name}.",
            why="Prometheus joins the network of the environment, which is made with it.",
            next_step=f"invoke deploy --environment={site.name}",
        )


def _write(found: MonitoringSite, where: _Where) -> None:
    """Write what the containers mount; the directory of reports has to be there too."""
    config, files = found.workspace.config, found.files
    interval = config.monitoring.interval
    private.directory(files)
    config.reports.mkdir(parents=True, exist_ok=True)
    # Empty: mounted where the disk below it is to be seen.
    private.directory(files / "disk").chmod(0o755)
    _write_secrets(files / "secrets", where.secrets)
    texts = {
        "prometheus.yml": settings_files.prometheus(config.name, found.name, interval),
        "alertmanager.yml": settings_files.alertmanager(interval, where.receivers),
    }
    if not (files / GRAFANA).exists():
        texts[GRAFANA] = secrets.token_urlsafe(24)
    for name, text in texts.items():
        private.write_private(files / name, text, mode=READABLE)
    SECRETS.hide((files / GRAFANA).read_text(encoding="utf-8"))


def _write_secrets(place: Path, found: Mapping[str, str]) -> None:
    """Let a directory have these secrets and no others, for a user of a container."""
    private.directory(place).chmod(0o755)
    for file in place.iterdir():
        if file.name not in found:
            file.unlink()
    for name, text in found.items():
        private.write_private(place / name, text, mode=READABLE)


def _wait(found: MonitoringSite, names: tuple[str, ...]) -> None:
    try:
        services.wait(found, names)
    except CommandFailedError as error:
        raise CommandFailedError(
            f"The monitoring of {found.name} did not start: {error.what}",
            why=error.why,
            next_step=f"Correct compose/monitoring, then invoke monitoring.start "
            f"--environment={found.name}",
        ) from error


def _published(found: MonitoringSite, name: str) -> str:
    """Return where the page of a service is on this machine."""
    said = found.compose(compose.port(found.project, name, PORTS[name])).stdout.strip()
    return f"http://{said.splitlines()[0]}" if said else "not published"
