"""Deploy: migrate, start new containers, health-check, switch, drain, monitor, stop the old ones.

A failure undoes the steps in reverse order.
"""

from __future__ import annotations

import getpass
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    DeploymentPausedError,
    DeploymentUndoneError,
    EngineUnreachableError,
    GateFailedError,
    InterruptedRunError,
    ProxyUnreachableError,
    TowpathError,
)
from towpath.deployment import holds, outage, plan, traffic, volumes
from towpath.deployment.migrations import migrate
from towpath.deployment.migrations.migrate import Migrated
from towpath.deployment.plan import RELEASE_STEPS, STEPS, DeploymentPlan, Step, Unfinished
from towpath.deployment.preflight import preflight
from towpath.deployment.rollback_target import rollback_target
from towpath.deployment.watch import Watch
from towpath.environments import compose_commands as compose
from towpath.environments import service_images
from towpath.environments import services as stack
from towpath.environments.engine import Container
from towpath.environments.environment import PROXY, WEB, Release, Site
from towpath.evidence import record as stages


@dataclass(frozen=True)
class Deployed:
    """The result: the digest that serves now, the previous one ("" for none), and the duration.

    `seconds` is the duration; `images` are those of the backing services, by digest; `migrations`
    are those that it applied; `watched` is what was seen of it in the bake time.
    """

    environment: str
    digest: str
    previous: str
    version: str
    seconds: float
    images: Mapping[str, str] = field(default_factory=dict)
    migrations: tuple[str, ...] = ()
    watched: Mapping[str, Any] = field(default_factory=dict)


def deploy(workspace: Workspace, environment: Environment, digest: str, version: str) -> Deployed:
    """Deploy a release to an environment without losing a request.

    Deploying the release that already serves changes nothing. Raises LockedError, GateFailedError
    for migrations that would break the serving release, DeploymentUndoneError if the release failed
    and the old one serves as before, ConfigurationError and CommandFailedError.
    """
    return carry_out(Site.open(workspace, environment), "deploy", digest, version)


def rollback(workspace: Workspace, environment: Environment) -> Deployed:
    """Deploy the previous release again, with the same steps as any deployment.

    Raises ConfigurationError if there is none, GateFailedError if the database schema is no longer
    compatible with it, and the errors of `deploy`.
    """
    site = Site.open(workspace, environment)
    target = rollback_target(site.history.releases())
    if target is None:
        raise ConfigurationError(
            f"No release to roll back to in {site.name}.",
            why="Its history has no release before the one that serves.",
            next_step=f"Show the history: invoke history --environment={site.name}",
        )
    return carry_out(site, "rollback", target["digest"], target["version"])


def recover(site: Site) -> Unfinished | None:
    """Finish an interrupted deployment if its release was recorded, otherwise undo it."""
    found = plan.unfinished(site.journal.read(), site.history.releases())
    if found is None:
        return None
    what = f"the interrupted deployment of {found.plan.version}"
    site.workspace.terminal.warn(f"{'Finishing' if found.finish else 'Undoing'} {what}.")
    deployment = Deployment(site, found.plan, _image(site, found.plan.digest))
    if found.finish:
        deployment.stop()
    else:
        deployment.undo(found.begun)
    site.journal.add("", "end", result="finished" if found.finish else "undone")
    return found


def carry_out(site: Site, kind: str, digest: str, version: str) -> Deployed:
    """Lock the environment, recover from an interrupted deployment, and run the plan if needed.

    `kind` is deploy or rollback. Raises the errors of `deploy`. Raises ConfigurationError for an
    environment without a port, and LockedError while another deployment runs.
    """
    started = site.clock.monotonic()
    if not site.environment.port:
        raise ConfigurationError(
            f"Cannot deploy to {site.name}: no port configured.",
            next_step=f"Set `port` in [tool.towpath.environments.{site.name}].",
        )
    with site.locked(stages.stamp(stages.now())):
        recover(site)
        image = _image(site, digest)
        previous = traffic.serving_digest(site)
        done: Deployment | None = None
        if traffic.is_steady(site, digest):
            site.workspace.terminal.say(f"{site.name} already serves {version}; nothing to do.")
        else:
            with site.workspace.terminal.step("preflight"):
                preflight(site, Release(image, digest, version))
            with site.workspace.terminal.step("services"):
                stack.up(site, (*site.services, PROXY))
                traffic.restore(site)
                volumes.hand_over(site, Release(image, digest, version))
            previous = traffic.serving_digest(site)
            at, name = stages.stamp(stages.now()), uuid.uuid4().hex
            chosen = DeploymentPlan(name, kind, digest, version, previous, at)
            done = Deployment(site, chosen, image)
            done.run()
    seconds = site.clock.monotonic() - started
    images = service_images.used(site)
    found = Deployed(site.name, digest, previous, version, seconds, images)
    if done is None:
        return found
    return replace(found, migrations=done.migrated.applied, watched=done.watched)


@dataclass
class Deployment:
    """One deployment with its plan; its new containers have its id, the old ones another."""

    site: Site
    plan: DeploymentPlan
    image: str
    migrated: Migrated = Migrated()
    watching: Watch | None = None
    watched: Mapping[str, Any] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)

    @property
    def release(self) -> Release:
        """The release that is deployed."""
        plan = self.plan
        return Release(self.image, plan.digest, plan.version, plan.deployment)

    def run(self) -> None:
        """Run every step of the plan, with journal entries before and after; undo them on failure.

        Raises DeploymentUndoneError, GateFailedError, InterruptedRunError, DeploymentPausedError
        during an outage of the engine, or CommandFailedError.
        """
        self.site.journal.begin(self.plan.as_json())
        try:
            for step in STEPS:
                self._do(step)
        except (Exception, KeyboardInterrupt) as error:
            raise self._failed(error) from error
        self.site.journal.add("", "end", result="done")

    def migrate(self) -> None:
        """Apply the migrations, if they do not break the serving release; then what it runs once.

        Those are the commands of `processes.release`, such as createcachetable. Raises
        GateFailedError for a hazard, NothingToJudgeError for a plan that cannot be read, and
        CommandFailedError.
        """
        self.migrated = migrate.migrate(self.site, self.release, self.plan.previous)
        for words in self.site.workspace.config.processes.release:
            self.site.compose(compose.run(self.site.project, "migrate", words), self.release)

    def start(self) -> None:
        """Start the web containers of the new release beside the old, those that are missing."""
        missing = self.site.environment.replicas - len(self._new(WEB))
        self.site.scale(self.release, WEB, max(0, missing))

    def prove(self) -> None:
        """Wait for consecutive successful health checks of each new container.

        Raises CommandFailedError for one that is not healthy in time.
        """
        for container in self._new(WEB):
            traffic.prove(self.site, container)

    def work(self) -> None:
        """Start the other processes of the new release: beside the old, or in place of it.

        When the new ones are healthy, the old ones take no more tasks: each gets its stop signal,
        ends what it has begun, and is kept until the deployment is recorded. Raises
        CommandFailedError if a new one does not start.
        """
        for process in self.site.others:
            if process.single:
                # Never two at the same time, so that the old one has to be gone.
                for container in self._old(process.name):
                    self.site.engine.stop(container, process.stop)
            missing = process.count - len(self._new(process.name))
            self.site.scale(self.release, process.name, max(0, missing))
        for container in self._new_others():
            traffic.await_health(self.site, container)
        for process in self.site.others:
            for container in self._old(process.name):
                self.site.engine.ask_to_stop(container)

    def switch(self) -> None:
        """Add the new containers to the proxy, and watch them from now on."""
        hosts = [row.name for row in self._new(WEB)]
        for host in hosts:
            self.site.proxy.add_server(host)
        if self.watching is None:
            self.watching = Watch.begin(self.site, self._watched, self._old(WEB))
        for host in hosts:
            traffic.admit(self.site, host)

    def drain(self) -> None:
        """Send no new requests to the old containers, and wait for their open requests."""
        traffic.drain(self.site, [row.name for row in self._old(WEB)], self._glance)

    def watch(self) -> None:
        """Watch errors, latency and health under real requests for the bake time.

        Raises GateFailedError for a gate that failed, at once if nothing could change that, and
        CommandFailedError if the engine or the proxy does not answer.
        """
        if self.watching is not None:
            self.watched = self.watching.run()

    def record(self) -> None:
        """Write the release to the history; from here on the deployment is finished, not undone.

        Raises CommandFailedError for a damaged history.
        """
        if self._is_recorded:
            return
        entry = self.plan.as_json() | {
            # The release serves from now on, not from the start of the deployment.
            "at": stages.stamp(stages.now()),
            "unknown": list(self.migrated.unknown),
            "images": service_images.used(self.site),
        }
        self.site.history.add_release(entry | {"by": _user()})

    def stop(self) -> None:
        """Stop and remove the old containers, which get no requests and take no tasks."""
        traffic.drain(self.site, [row.name for row in self._old(WEB)])
        for container in self._old(WEB):
            self.site.proxy.clear(container.name)
            self.site.engine.remove(container, self.site.environment.drain)
        for process in self.site.others:
            for container in self._old(process.name):
                self.site.engine.remove(container, process.stop)

    def undo(self, begun: list[str] | tuple[str, ...]) -> None:
        """Undo the steps that were begun, in reverse order; this is idempotent.

        A migration that still runs ends first: its process was stopped, and nobody waits for it.
        """
        for row in self.site.engine.commands(self.site.project_name):
            if row.deployment == self.plan.deployment:
                self.site.engine.remove(row, self.site.environment.drain)
        acts: Mapping[str, Callable[[], None]] = {
            "start": lambda: self._remove(WEB, self.site.environment.drain),
            "switch": self._remove_from_proxy,
            "drain": self._readmit_old,
            "work": self._restore_others,
        }
        for step in plan.undoing(begun):
            with self.site.workspace.terminal.step(f"undo: {step.undo}"):
                acts[step.name]()

    def _do(self, step: Step) -> None:
        acts: Mapping[str, Callable[[], None]] = {
            "migrate": self.migrate,
            "start": self.start,
            "prove": self.prove,
            "work": self.work,
            "switch": self.switch,
            "drain": self.drain,
            "watch": self.watch,
            "record": self.record,
            "stop": self.stop,
        }
        self.begun.append(step.name)

        def act() -> None:
            self.site.journal.add(step.name, "begin")
            with self.site.workspace.terminal.step(step.title):
                acts[step.name]()
            self.site.journal.add(step.name, "done")

        if step.again:
            outage.outlast(self.site, step.title, act, self._after_outage)
        else:
            outage.once(self.site, act)

    def _after_outage(self) -> None:
        """Count anew: what failed while the engine or the proxy was away is no fault of theirs."""
        if self.watching is not None:
            self.watching.resume()

    def _failed(self, error: BaseException) -> BaseException:
        """Undo, unless the release is already recorded, and return the error to raise.

        During an outage nothing is undone: half of it would be. The next call does it.
        """
        if isinstance(error, DeploymentPausedError):
            return error
        try:
            return outage.outlast(self.site, "undo", lambda: self._end(error), lambda: None)
        except DeploymentPausedError as pause:
            pause.__context__ = error
            return pause

    def _end(self, error: BaseException) -> BaseException:
        if self._is_recorded:
            return _incomplete(
                self.site, f"{self.plan.version} serves, but old containers are still running"
            )
        try:
            # Whoever lost the lock must not go on: another caller may be at work already.
            self.site.state.require_lock()
            self.undo(self.begun)
            self.site.journal.add("", "end", result="undone")
        except TowpathError as failure:
            if outage.is_outage(self.site, failure):
                raise
            failure.__context__ = error
            return _incomplete(self.site, f"Undoing the deployment failed: {failure.what}")
        return self._undone(error)

    @property
    def _is_recorded(self) -> bool:
        return self.plan.deployment in {row["deployment"] for row in self.site.history.releases()}

    def _undone(self, error: BaseException) -> BaseException:
        releases = self.site.history.releases()
        names = {row["digest"]: row["version"] for row in releases}
        before = names.get(self.plan.previous, self.plan.previous)
        now = f"{before} serves as before" if before else "no release serves, as before"
        if isinstance(error, KeyboardInterrupt | InterruptedRunError):
            return InterruptedRunError(f"Interrupted: the deployment was undone, {now}.")
        if isinstance(error, GateFailedError) and self.begun == ["migrate"]:
            return error
        what, why = str(error) or type(error).__name__, getattr(error, "why", "")
        why = f"{what} {why}".strip()
        if not self._is_at_fault(error):
            return DeploymentUndoneError(
                f"The deployment of {self.plan.version} to {self.site.name} was undone; {now}.",
                why=why,
                next_step="Deploy again.",
            )
        holds.place(self.site, self.plan.digest, self.plan.version, what)
        return DeploymentUndoneError(
            f"The deployment of {self.plan.version} to {self.site.name} was undone and it is on"
            f" hold; {now}.",
            why=why,
            next_step=f"Fix the release, or take the hold off: {holds.command(self.site.name)}",
        )

    def _is_at_fault(self, error: BaseException) -> bool:
        """Tell whether a deployment failed because of its release, not of what is around it."""
        outages = (EngineUnreachableError, ProxyUnreachableError)
        return self.begun[-1] in RELEASE_STEPS and not isinstance(error, outages)

    def _new(self, service: str) -> list[Container]:
        found = self.site.containers(service)
        return [row for row in found if row.deployment == self.plan.deployment]

    def _old(self, service: str) -> list[Container]:
        found = self.site.containers(service)
        return [row for row in found if row.deployment != self.plan.deployment]

    def _watched(self) -> list[Container]:
        return self._new(WEB) + self._new_others()

    def _glance(self) -> None:
        if self.watching is not None:
            self.watching.glance()

    def _new_others(self) -> list[Container]:
        return [row for process in self.site.others for row in self._new(process.name)]

    def _restore_others(self) -> None:
        """Start the old containers of the other processes again, and remove the new ones.

        One that still ends what it has begun is waited for: it takes nothing new.
        """
        for process in self.site.others:
            if process.single:
                self._remove(process.name, process.stop)
            for container in self._old(process.name):
                if not process.single:
                    self.site.engine.stop(container, process.stop)
                elif container.running:
                    continue
                self.site.engine.start(container)
            self._remove(process.name, process.stop)

    def _remove(self, service: str, patience: int) -> None:
        for container in self._new(service):
            self.site.engine.remove(container, patience)

    def _readmit_old(self) -> None:
        for container in self._old(WEB):
            traffic.admit(self.site, container.name)

    def _remove_from_proxy(self) -> None:
        hosts = [row.name for row in self._new(WEB)]
        traffic.drain(self.site, hosts)
        for host in hosts:
            self.site.proxy.clear(host)


def _image(site: Site, digest: str) -> str:
    return site.workspace.config.images.at(digest)


def _incomplete(site: Site, what: str) -> CommandFailedError:
    return CommandFailedError(
        f"{what}.", next_step=f"Run `invoke deploy --environment={site.name}` again to complete it."
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
