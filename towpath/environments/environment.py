"""One environment: its Compose project, its containers, its proxy, its state."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from towpath.config import Config, Environment, binding
from towpath.config import variables as product
from towpath.config.processes import Process
from towpath.config.workspace import Workspace
from towpath.core import environment as variables_of
from towpath.core.clock import SYSTEM, Clock
from towpath.core.errors import CommandFailedError, ProxyUnreachableError
from towpath.core.runner import Outcome
from towpath.environments import compose_commands as compose
from towpath.environments import compose_project, local_state, remote, secrets
from towpath.environments.compose_commands import Project
from towpath.environments.engine import Container, Engine, EngineImage
from towpath.environments.proxy import Proxy
from towpath.environments.state import container as state_container
from towpath.environments.state import lock as environment_lock
from towpath.environments.state import volume as state_files
from towpath.environments.state.commands import LABEL, volume_of
from towpath.environments.state.lock import Owner
from towpath.environments.state.unlock import unlock
from towpath.environments.state.volume import State
from towpath.evidence.journal import History, Journal
from towpath.rendering import compose as rendered
from towpath.rendering import files

POLL = 0.25
PROXY, WEB = "proxy", "web"


class Containers(Protocol):
    """What flows ask of an engine; tests bring their own small one."""

    def containers(self, project: str, service: str = "") -> list[Container]:
        """Return the containers of a project, or of one service of it."""

    def commands(self, project: str) -> list[Container]:
        """Return the containers in which one command of a project runs."""

    def volumes(self, project: str) -> list[str]:
        """Return the names of a project's volumes."""

    def execute(self, container: Container, argv: Sequence[str]) -> tuple[int, str]:
        """Run a command inside a container."""

    def logs(self, container: Container, lines: int) -> str:
        """Return the last lines that a container wrote."""

    def log_lines(self, container: Container, since: float, lines: int) -> list[str]:
        """Return what a container wrote to standard output since a time, with times."""

    def statistics(self, container: Container) -> Mapping[str, Any]:
        """Return the engine's counters of processor time and memory of a container."""

    def remove(self, container: Container, patience: int) -> None:
        """Stop and remove a container."""

    def stop(self, container: Container, patience: int) -> None:
        """Stop a container, and keep it."""

    def ask_to_stop(self, container: Container) -> None:
        """Send a container its stop signal, and do not wait."""

    def start(self, container: Container) -> None:
        """Start a container that was stopped."""

    def end_sessions(self, label: str) -> int:
        """Kill every running container with a label, and return how many."""

    def image(self, reference: str) -> EngineImage | None:
        """Return an image that the engine has."""

    def platform(self) -> str:
        """Return the engine's own platform."""


@dataclass(frozen=True)
class Release:
    """What is deployed: the image by digest, its version, and the deployment that brings it."""

    image: str = "not-needed"
    digest: str = ""
    version: str = ""
    deployment: str = ""


@dataclass(frozen=True)
class Site:
    """An environment with the doors to it."""

    workspace: Workspace
    environment: Environment
    engine: Containers
    state: State
    clock: Clock = SYSTEM

    @classmethod
    def open(cls, workspace: Workspace, environment: Environment) -> Site:
        """Return the site on the engine that the environment names.

        Raises CommandFailedError if an engine on another machine cannot be reached.
        """
        found = remote.on_engine_of(workspace, environment)
        engine = Engine(found.config.env)
        project = compose_project.project_name(found.config, environment.name)
        state = state_container.open_state(engine, project)
        local_state.move(found, environment, state)
        return cls(found, environment, engine, state)

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.environment.name

    def locked(self, at: str) -> AbstractContextManager[None]:
        """Hold the environment's lock from now, `at` in UTC, until the block ends.

        Raises LockedError while another process has it, after as many seconds as the environment's
        `wait` allows.
        """
        run = self.workspace.config.ci
        owner = Owner(at, run.url if run else "", wait=self.environment.wait)
        say = self.workspace.terminal.warn
        return environment_lock.locked(self.state, self.name, owner, say, self.clock)

    def reconnect(self) -> None:
        """Connect again to an engine of another machine, if the connection was lost.

        Raises CommandFailedError where that cannot be done.
        """
        remote.on_engine_of(self.workspace, self.environment)

    def unlock(self, at: str, reason: str) -> str:
        """Take the lock from whoever has it, at a time in UTC; return who that was, if anybody.

        Raises ConfigurationError without a reason, and CommandFailedError.
        """
        run = self.workspace.config.ci
        owner = Owner(at, run.url if run else "").as_json()
        label = f"{LABEL}={self.environment_project}"
        return unlock(self.state, lambda: self.engine.end_sessions(label), owner, reason)

    @property
    def journal(self) -> Journal:
        """The journal of the last deployment."""
        return Journal(self.state, state_files.JOURNAL)

    @property
    def history(self) -> History:
        """What the environment has run."""
        return History(self.state, state_files.HISTORY)

    @property
    def project_name(self) -> str:
        """The name of the Compose project."""
        return self.environment_project

    @property
    def environment_project(self) -> str:
        """The name of the environment's own Compose project, which its state has too."""
        return compose_project.project_name(self.workspace.config, self.name)

    @property
    def project(self) -> Project:
        """The Compose project as it is deployed: what is declared, with its images by digest."""
        found = self.declared
        pins = self.state.read(state_files.PINS)
        if pins is None:
            return found
        config = self.workspace.config
        return Project(found.name, (*found.files, files.pins_file(config, self.name, pins)))

    @property
    def declared(self) -> Project:
        """The Compose project of the project's own files, or of those that are rendered.

        Raises ConfigurationError where the project lacks one of its own.
        """
        found = files.compose_files(self.workspace.config, self.environment)
        return Project(self.project_name, found)

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services that run in containers beside the product's."""
        rows = self.workspace.config.services.values()
        return tuple(row.name for row in rows if row.is_container)

    @property
    def others(self) -> tuple[Process, ...]:
        """The processes of the product besides the web process."""
        return tuple(self.workspace.config.processes.others.values())

    def compose(
        self,
        argv: Sequence[str],
        release: Release | None = None,
        *,
        stdin: str | None = None,
        check: bool = True,
    ) -> Outcome:
        """Run a Compose command with every variable that the files use.

        Raises ConfigurationError for an invalid address in TOWPATH_BIND, and CommandFailedError if
        Compose fails.
        """
        root = self.workspace.config.root
        env = self.compose_variables(release or Release())
        return self.workspace.runner.run(argv, env=env, cwd=root, stdin=stdin, check=check)

    def compose_variables(self, release: Release) -> Mapping[str, str]:
        """Return every variable that the Compose files use.

        Raises ConfigurationError for an invalid address in TOWPATH_BIND, and CommandFailedError if
        the state of the environment cannot be read.
        """
        secret = secrets.values(self.state)
        return variables(self.workspace.config, self.environment, release, secret)

    def scale(self, release: Release, service: str, more: int) -> None:
        """Start this many more containers of a service, of this release; the others stay.

        Raises ConfigurationError for an invalid address in TOWPATH_BIND, and CommandFailedError if
        Compose fails.
        """
        count = len(self.containers(service)) + more
        self.compose(compose.scale(self.project, {service: count}), release)

    def containers(self, service: str = "") -> list[Container]:
        """Return the containers of a service, or all."""
        return self.engine.containers(self.project_name, service)

    @property
    def proxy(self) -> Proxy:
        """The running proxy; raises CommandFailedError if it is not running."""
        found = next((row for row in self.containers(PROXY) if row.running), None)
        if found is None:
            raise ProxyUnreachableError(
                f"The proxy of {self.name} is not running.",
                next_step=f"invoke deploy --environment={self.name}",
            )
        container = found
        return Proxy(lambda argv: self.engine.execute(container, argv), self.state, self.clock)

    def serving(self) -> list[Container]:
        """Return the web containers that receive requests; none without a running proxy."""
        if not any(row.running for row in self.containers(PROXY)):
            return []
        hosts = {slot.host for slot in self.proxy.slots() if slot.state == "ready"}
        return [row for row in self.containers(WEB) if row.running and row.name in hosts]

    def wait(self, what: str, seconds: float, reached: Callable[[], bool]) -> None:
        """Wait until `reached` returns true; raises CommandFailedError after `seconds`.

        `what` names the condition in the error, as in "HAProxy to mark web-5 as up".
        """
        if not self.clock.wait_until(reached, seconds, POLL):
            raise CommandFailedError(f"Timed out after {seconds:g} s waiting for {what}.")


def variables(
    config: Config, environment: Environment, release: Release, secret: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables of the Compose files; values with a secret in them are among them.

    `secret` has the secrets by name; one that is not made yet is empty. Raises ConfigurationError
    for an invalid address in TOWPATH_BIND.
    """
    settings = files.proxy_file(config)
    passed = variables_of.chosen(config.env, config.variables.get("compose", ()))
    project = compose_project.project_name(config, environment.name)
    return {
        **variables_of.settings(config.env),
        **passed,
        "TOWPATH_STATE_VOLUME": volume_of(project),
        "TOWPATH_PORT": str(environment.port),
        "TOWPATH_BIND": binding.published(environment.plain_bind),
        "TOWPATH_HOSTS": environment.allowed_hosts(config.env.get(binding.HOSTS, "")),
        **_tls(environment),
        "TOWPATH_ENVIRONMENT": environment.name,
        **_health(environment),
        **hidden_values(config, environment, release, secret),
        "TOWPATH_CONFIG": hashlib.sha256(settings.read_bytes()).hexdigest()[:12],
        "TOWPATH_IMAGE": release.image,
        "TOWPATH_VERSION": release.version,
        "TOWPATH_DEPLOYMENT": release.deployment,
        "RELEASE_DIGEST": release.digest,
    }


def _health(environment: Environment) -> dict[str, str]:
    """Return what the proxy asks the web containers: a path that answers 200, else any page."""
    return {
        "TOWPATH_HEALTH_HOST": environment.host,
        "TOWPATH_HEALTH_PATH": environment.health or "/",
        "TOWPATH_HEALTH_STATUS": "^200$" if environment.health else "^[1-4]",
    }


def _tls(place: Environment) -> dict[str, str]:
    """Return how the proxy answers: by https too, and one user by one container."""
    found = {"TOWPATH_STICKY": "on" if place.sticky else ""}
    if tls := place.tls:
        found |= {"TOWPATH_TLS": "on", "TOWPATH_TLS_BIND": binding.published(place.bind)}
        # The application is behind TLS, and our own requests are taken for such, from here only.
        found |= {"TOWPATH_SCHEME": "https", "TOWPATH_HTTPS_SUFFIX": tls.suffix}
        found |= {"TOWPATH_HSTS": str(tls.hsts)}
    return found


def hidden_values(
    config: Config, environment: Environment, release: Release, secret: Mapping[str, str]
) -> dict[str, str]:
    """Return the values of the product's variables that have a secret in them, for Compose."""
    later = {
        product.HOSTS: environment.allowed_hosts(config.env.get(binding.HOSTS, "")),
        product.ENVIRONMENT: environment.name,
        "release.version": release.version,
        "release.digest": release.digest,
    }
    return {
        f"{rendered.HIDDEN}{name}": product.resolve(
            text, config.services, lambda row: secret.get(row, ""), later
        )
        for name, text in config.product_env.items()
        if product.is_secret(text, config.services)
    }
