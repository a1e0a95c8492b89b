"""The settings of a project, as frozen values."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from towpath.config import binding, ci_systems, reach
from towpath.config.baseline import Baseline
from towpath.config.builders import BuilderNode
from towpath.config.checking import IntegrationSettings, LintSettings, SuiteSettings
from towpath.config.ci_systems import CiRun
from towpath.config.log_paths import log_path
from towpath.config.monitoring import Monitoring
from towpath.config.notify import NotifyTarget
from towpath.config.pages import DEFAULT, Page
from towpath.config.processes import Processes
from towpath.config.reach import Limit
from towpath.config.services import Service
from towpath.config.tls import TlsSettings
from towpath.config.variables import made_up
from towpath.config.waivers import Waiver
from towpath.core.environment import variable
from towpath.core.errors import ConfigurationError
from towpath.core.references import PLATFORMS, Repository
from towpath.core.suggest import nearest
from towpath.gates import EVIDENCE_DAYS, INTEGRATION_GATES

# Set by the Nox sessions: the Python of the environment that they made.
TOOL_PYTHON = "TOWPATH_TOOL_PYTHON"
# Environments of one machine, whose services nobody else uses.
_LOCAL = ("development", "testing")


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
class ImageSettings:
    """What dependencies of the product need: Debian's packages, to be compiled and to run.

    `registry_wheels` and `registry_cache` say whether the wheels and the build cache of a registry
    are used: always, never, or where it let us in with credentials (authenticated).

    `dockerfile` is the project's own, whose stage `target` is the product; without it one is made
    for the Python `python`, with the files below `code` and the pins in `requirements` (empty:
    those that are found). Static files are collected if `static`.
    """

    build_packages: tuple[str, ...] = ()
    run_packages: tuple[str, ...] = ()
    registry_wheels: str = "authenticated"
    registry_cache: str = "authenticated"
    dockerfile: str = ""
    target: str = ""
    # Whom the product runs as, by numbers; empty for the image's own user.
    user: str = ""
    python: str = "3.13"
    code: str = "."
    requirements: str = ""
    # What of a lock file production needs besides its own dependencies.
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    # Requirements that are compiled with the project's own, such as a web server.
    extra: tuple[str, ...] = ()
    # A command of a shell that makes static files from sources, and the version of node it has.
    assets: str = ""
    # A file with further stages of the rendered Dockerfile.
    stages: str = ""
    node: str = "20"
    static: bool = True
    # Management commands that run when static files are collected.
    static_commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Environment:
    """Where a release runs. `port` is the proxy's on the host, 0 for none; times are seconds.

    `monitor` is how long the pipeline watches it after a deployment, 0 for not at all; with
    `monitor_rollback` a release that fails then is rolled back. `wait` is how long a command waits
    while another one deploys there, 0 for not at all. `engine` is where it runs: empty for this
    machine's, else an address such as ssh://deploy@host, or a context of Docker. `bind` is the
    address of the engine's machine that the port is published on.
    """

    name: str
    port: int = 0
    replicas: int = 1
    bake: int = 5
    drain: int = 30
    healthy: int = 3
    deadline: int = 90
    monitor: int = 0
    monitor_rollback: bool = True
    wait: int = 0
    # The Host of our own requests, a path that answers 200 when it can work, and pages of a user.
    host: str = "localhost"
    health: str = ""
    smoke: tuple[Page, ...] = DEFAULT
    bind: str = binding.LOOPBACK
    engine: str = ""
    # Names that users type; of one user all requests to one container; https.
    hosts: tuple[str, ...] = ()
    sticky: bool = False
    tls: TlsSettings | None = None

    @property
    def plain_bind(self) -> str:
        """The address that `port` is published on: with TLS it is for our own requests only."""
        return binding.LOOPBACK if self.tls else self.bind

    @property
    def url(self) -> str:
        """The proxy's address as the engine's machine reaches it, without a slash at the end."""
        return f"http://{binding.reached(self.plain_bind)}:{self.port}"

    def allowed_hosts(self, named: str) -> str:
        """Return the hosts that the product answers to; `named` is TOWPATH_HOSTS.

        Raises ConfigurationError for a pattern that matches every host.
        """
        own = ",".join((*self.hosts, self.host)) if self.hosts else ""
        return binding.hosts(named or own, self.bind)


@dataclass(frozen=True)
class ProxySettings:
    """What the proxy lets through: bodies up to so many bytes (0: any), other protocols.

    `file` are settings of the project's own, in place of all that is rendered.
    """

    file: str = ""
    body_limit: int = 0
    upgrade: bool = True


@dataclass(frozen=True)
class Dashboard:
    """The dashboard that gets reports: its address, or the environment that it runs in.

    The token comes from TOWPATH_DASHBOARD_TOKEN, else from that environment's secrets.
    """

    url: str = ""
    environment: str = ""
    health: str = "/health/live"


@dataclass(frozen=True)
class Config:
    """All settings of a project. `root` has its `pyproject.toml` or `towpath.toml`.

    `gates` are limits of the project's own, stricter than the table of gates.
    """

    root: Path
    env: Mapping[str, str] = field(repr=False)
    # Which Towpath the project uses, as a version or a specifier; empty for any.
    version: str = ""
    name: str = "app"
    repository: str = "app"
    registry: str = "localhost:5000"
    registries: tuple[str, ...] = ()
    platforms: tuple[str, ...] = PLATFORMS
    # Machines that build a platform instead of this one, by platform.
    builders: Mapping[str, BuilderNode] = field(default_factory=dict)
    django: Django = Django()
    lint: LintSettings = LintSettings()
    tests: SuiteSettings = SuiteSettings()
    integration: IntegrationSettings = IntegrationSettings()
    image: ImageSettings = ImageSettings()
    processes: Processes = Processes()
    services: Mapping[str, Service] = field(default_factory=dict)
    # The variables of the product, with placeholders.
    product_env: Mapping[str, str] = field(default_factory=dict, metadata={"key": "env"})
    volumes: Mapping[str, str] = field(default_factory=dict)
    proxy: ProxySettings = ProxySettings()
    # The directory of the project's own Compose files; empty where they are made.
    compose: str = ""
    dashboard: Dashboard = Dashboard()
    branches: Mapping[str, str] = field(default_factory=lambda: {"main": "test", "*": "scan"})
    environments: Mapping[str, Environment] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    gates: Mapping[str, float] = field(default_factory=dict)
    # The file with the values that may not get worse, empty for none, and what it says.
    baseline_file: str = ""
    baseline: Baseline = Baseline()
    # Days for which evidence about advisories is valid in a promotion.
    evidence_days: int = EVIDENCE_DAYS
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Variables of the caller that are passed on to the tools of a check or to Compose files.
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Where messages about runs and deployments go, by the name of each target.
    notify: Mapping[str, NotifyTarget] = field(default_factory=dict)
    # Prometheus and Alertmanager beside an environment.
    monitoring: Monitoring = Monitoring()
    # File types that the project does not have, so that no linter needs to find any.
    absent: tuple[str, ...] = ()

    @property
    def limits(self) -> Mapping[str, float | None]:
        """The limits in force: the project's own, and those of its baseline.

        Without integration tests there is nothing that their gates could judge.
        """
        none = dict.fromkeys(() if self.integration.paths else INTEGRATION_GATES)
        return {**self.baseline.limits(self.gates), **none}

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

    def log(self, name: str) -> Path:
        """Return the file that keeps what a tool, a stage or a build wrote to its streams."""
        return log_path(self.reports, name)

    @property
    def state(self) -> Path:
        """Where this machine keeps locks, journals, backups and generated secrets.

        Environments belong to the machine, not to one checkout of the project: TOWPATH_STATE
        names the directory, seen from the project where it is relative; else it is below
        XDG_STATE_HOME, which has to be absolute, or ~/.local/state. Raises ConfigurationError for
        a user that has no home.
        """
        found = self._state_directory() / self.name
        if ":" in str(found):
            raise ConfigurationError(
                f"Cannot keep state in {found}.",
                why="Docker ends a directory name at a colon in a volume specification.",
                next_step="Set TOWPATH_STATE to a directory without a colon in its name.",
            )
        return found

    def _state_directory(self) -> Path:
        if chosen := variable(self.env, "TOWPATH_STATE"):
            return self._absolute(chosen)
        base = Path(variable(self.env, "XDG_STATE_HOME"))
        if not base.is_absolute():
            base = self._home / ".local/state"
        return base / "towpath"

    @property
    def _home(self) -> Path:
        return Path(self.env.get("HOME") or _home())

    def _absolute(self, chosen: str) -> Path:
        """Return a directory that does not depend on where a command is run."""
        if chosen == "~" or chosen.startswith("~/"):
            return self._home / chosen[2:]
        return Path(os.path.normpath(self.root.absolute() / chosen))

    def state_of(self, environment: Environment) -> Path:
        """Return the directory of this machine for files about an environment.

        Its state is on its engine; here are the settings of its monitoring, and copies of secrets
        for processes outside of containers.
        """
        return self.state / environment.name

    def variables_of_settings(self) -> dict[str, str]:
        """Return the variables of the tests for a program that looks at the settings only.

        Without the services that the tests have, the values are made up.
        """
        own = self.tests.variables()
        return made_up(own or self.product_env, self.services) if self.tests.services else own

    @property
    def in_ci(self) -> bool:
        """Whether a CI system runs us: its own variables say so, or CI is set to no false word."""
        return self.ci is not None

    @property
    def ci(self) -> CiRun | None:
        """The run of the CI system that runs us; None on a person's machine."""
        return ci_systems.read_ci_run(self.env)

    @property
    def may_reuse(self) -> bool:
        """Whether evidence of an earlier run may be reused in this one.

        In CI only if its cache belongs to a protected branch.
        """
        return self.ci is None or self.ci.may_reuse

    @property
    def services_are_external(self) -> bool:
        """Whether the services of the tests are provided externally (TOWPATH_SERVICES=given)."""
        return variable(self.env, "TOWPATH_SERVICES") == "given"

    @property
    def tools(self) -> Path:
        """Where the environments of the checks and their tools are, as for noxfile.py."""
        return self.root / variable(self.env, "TOWPATH_ENVIRONMENTS", ".nox")

    @property
    def tool_python(self) -> str:
        """The Python of the session's environment, which has the project's dependencies.

        Towpath itself runs in another one; without a session it is the one that runs.
        """
        return variable(self.env, TOOL_PYTHON, sys.executable)

    def environment(self, name: str) -> Environment:
        """Return the environment of this name, else raise ConfigurationError."""
        if name not in self.environments:
            raise ConfigurationError(
                f"Unknown environment {name!r}.{nearest(name, self.environments)}",
                why=f"pyproject.toml configures: {', '.join(self.environments) or 'none'}.",
                next_step=f"Add [tool.towpath.environments.{name}], or choose another environment.",
            )
        return self.environments[name]

    def local_environment(self, name: str = "") -> Environment:
        """Return the environment of this name; without one, `development` or else `testing`.

        A command that stops or starts something never takes another one by itself. Raises
        ConfigurationError for an unknown name, and where the project has neither.
        """
        found = name or next((row for row in _LOCAL if row in self.environments), "")
        if found:
            return self.environment(found)
        raise ConfigurationError(
            f"No environment was named, and the project has neither {' nor '.join(_LOCAL)}.",
            why=f"It configures: {', '.join(self.environments) or 'none'}.",
            next_step="Name one with --environment=NAME.",
        )

    def reach(self, branch: str = "", *, tag: str = "") -> str:
        """Return how far a run of this branch or tag goes: `scan`, `test` or `release`."""
        return reach.reach(self.branches, branch=branch, tag=tag)

    def limit(self, head: str = "") -> Limit:
        """Return how far this run may go; `head` is the commit that is checked out, if it matters.

        A person's machine goes to `test`; in CI the branch, tag or pull request decides.
        """
        return reach.limit(self.branches, self.ci, head)


def _home() -> Path:
    """Return the user's home as the machine knows it; raises ConfigurationError if it does not."""
    try:
        return Path.home()
    except RuntimeError as error:
        raise ConfigurationError(
            "No directory for the state of this project.",
            why="HOME is not set, and this user has no home directory in the user database.",
            next_step="Set TOWPATH_STATE to a permanent directory, or set HOME.",
        ) from error
