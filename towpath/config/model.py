"""The settings of a project, as frozen values."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from towpath.errors import ConfigurationError
from towpath.images import PLATFORMS, Repository, nearest
from towpath.nodes import Node
from towpath.policy import Waiver


@dataclass(frozen=True)
class Django:
    """The product: its settings module, its manage.py, and its environment in production.

    With the variables in `production`, and a value made up for each name in `secrets`, its settings
    are judged as they are there.
    """

    settings: str = "config.settings"
    manage: str = "manage.py"
    production: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Image:
    """Debian's packages that dependencies of the product need: to be compiled, and to run."""

    build_packages: tuple[str, ...] = ()
    run_packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Environment:
    """Where a release runs. `port` is the proxy's on the host, 0 for none; times are seconds."""

    name: str
    port: int = 0
    replicas: int = 1
    bake: int = 5
    drain: int = 30
    healthy: int = 3
    deadline: int = 90

    @property
    def url(self) -> str:
        """The proxy's address on this machine, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Dashboard:
    """Who is told of a run: an address, or the environment that runs the dashboard itself.

    The token comes from TOWPATH_DASHBOARD_TOKEN, else from that environment's secrets.
    """

    url: str = ""
    environment: str = ""


@dataclass(frozen=True)
class Config:
    """All settings of a project. `root` is the directory of its `pyproject.toml`.

    `gates` are limits of the project's own, stricter than the table of gates.
    """

    root: Path
    env: Mapping[str, str] = field(repr=False)
    name: str = "app"
    repository: str = "app"
    registry: str = "localhost:5000"
    registries: tuple[str, ...] = ()
    platforms: tuple[str, ...] = PLATFORMS
    # Machines that build a platform instead of this one, by platform.
    builders: Mapping[str, Node] = field(default_factory=dict)
    django: Django = Django()
    image: Image = Image()
    dashboard: Dashboard = Dashboard()
    branches: Mapping[str, str] = field(default_factory=lambda: {"main": "test", "*": "scan"})
    environments: Mapping[str, Environment] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    gates: Mapping[str, float] = field(default_factory=dict)
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Variables of the caller's that the tools of a check, or the Compose files, get to see.
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Kinds of files that the project does not have, so that no linter has to judge any.
    absent: tuple[str, ...] = ()

    @property
    def images(self) -> Repository:
        """The repository of the product's image in the first registry."""
        return Repository(self.registry, self.repository)

    @property
    def mirrors(self) -> tuple[Repository, ...]:
        """The repository of the product's image in each further registry."""
        return tuple(Repository(registry, self.repository) for registry in self.registries)

    @property
    def reports(self) -> Path:
        """The directory of machine output."""
        return self.root / "reports"

    @property
    def state(self) -> Path:
        """Where this machine keeps locks, journals, backups and generated secrets.

        Environments belong to the machine, not to one checkout of the project: TOWPATH_STATE
        names the directory, else it is below XDG_STATE_HOME or ~/.local/state.
        """
        if chosen := self.env.get("TOWPATH_STATE"):
            return Path(chosen) / self.name
        home = Path(self.env.get("HOME") or Path.home())
        base = Path(self.env.get("XDG_STATE_HOME") or home / ".local/state")
        return base / "towpath" / self.name

    def project(self, environment: Environment) -> str:
        """Return the name of an environment's Compose project, one for each environment."""
        return f"{self.name}-{environment.name}"

    def state_of(self, environment: Environment) -> Path:
        """Return the directory that keeps an environment's secrets, lock, journal and history."""
        return self.state / environment.name

    @property
    def in_ci(self) -> bool:
        """Whether this run is a CI run: the variable CI is set to something true."""
        return self.env.get("CI", "").lower() in {"1", "true", "yes"}

    @property
    def services_given(self) -> bool:
        """Whether somebody else runs the services of the tests: TOWPATH_SERVICES is `given`."""
        return self.env.get("TOWPATH_SERVICES") == "given"

    @property
    def tools(self) -> Path:
        """Where the environments of the checks and their tools are, as for noxfile.py."""
        return self.root / self.env.get("TOWPATH_ENVIRONMENTS", ".nox")

    def environment(self, name: str) -> Environment:
        """Return the environment of this name, else raise ConfigurationError."""
        if name not in self.environments:
            raise ConfigurationError(
                f"Unknown environment {name!r}.{nearest(name, self.environments)}",
                why=f"pyproject.toml has {', '.join(self.environments) or 'none'}.",
                next_step=f"Add [tool.towpath.environments.{name}] or name another one.",
            )
        return self.environments[name]

    def reach(self, branch: str) -> str:
        """Return how far a run of this branch or tag goes: `scan`, `test` or `release`."""
        for pattern, reach in self.branches.items():
            if fnmatch.fnmatchcase(branch, pattern):
                return reach
        return "scan"
