"""The Compose project of Prometheus and Alertmanager beside an environment.

It is a project of its own: what is deployed, watched and counted is the environment alone. It is in
a network of the environment, which cannot go before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from towpath.core.errors import ConfigurationError
from towpath.environments import compose_commands as compose
from towpath.environments.compose_commands import Project
from towpath.environments.environment import Release, Site

FILE = "compose/monitoring.yaml"
FILES = "compose/monitoring"
SUFFIX = "monitoring"
# The network of the environment in which product and proxy can be read.
NETWORK = "edge"


class MonitoringSite(Site):
    """An environment's monitoring: the same state and engine, other containers."""

    @property
    def project_name(self) -> str:
        """The name of the monitoring's Compose project."""
        return f"{self.environment_project}-{SUFFIX}"

    @property
    def files(self) -> Path:
        """The directory of the settings that are generated, and of the secrets among them."""
        return self.workspace.config.state_of(self.environment) / SUFFIX

    @property
    def declared(self) -> Project:
        """The Compose project; raises ConfigurationError where the project has no such file."""
        if not (self.workspace.config.root / FILE).is_file():
            raise ConfigurationError(
                f"The Compose file {FILE} does not exist.",
                why="It defines Prometheus and Alertmanager.",
                next_step="docs/monitoring.md says what it has to define.",
            )
        return Project(self.project_name, (FILE,))

    @property
    def project(self) -> Project:
        """The Compose project; its images are named by version."""
        return self.declared

    def compose_variables(self, release: Release) -> Mapping[str, str]:
        """Return those of the environment, and those that the monitoring's file has besides."""
        return {**super().compose_variables(release), **variables(self)}


def beside(site: Site) -> MonitoringSite:
    """Return the monitoring of an environment."""
    return MonitoringSite(site.workspace, site.environment, site.engine, site.state, site.clock)


def stop(site: Site, *, volumes: bool = False) -> bool:
    """Stop the monitoring of an environment, with `volumes` its data too; False without any."""
    if not (site.workspace.config.root / FILE).is_file():
        return False
    found = beside(site)
    if not (found.containers() or (volumes and site.engine.volumes(found.project_name))):
        return False
    found.compose(compose.down(found.project, volumes=volumes))
    return True


def variables(site: MonitoringSite) -> Mapping[str, str]:
    """Return the variables that the monitoring's Compose file has besides; none is a secret."""
    config = site.workspace.config
    return {
        "TOWPATH_EDGE": f"{site.environment_project}_{NETWORK}",
        "STATE": str(config.state_of(site.environment)),
        "TOWPATH_REPORTS": str(config.reports),
        "TOWPATH_MONITORING_DAYS": str(config.monitoring.days),
        "TOWPATH_MONITORING_CONFIG": _fingerprint(config.root / FILES, site.files),
    }


def _fingerprint(*directories: Path) -> str:
    """Return a short name of all settings: a container that has others is started anew."""
    digest = hashlib.sha256()
    for directory in directories:
        for file in sorted(row for row in directory.rglob("*") if row.is_file()):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
