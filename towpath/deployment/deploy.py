"""Deployment: start new, prove, switch, drain, watch, stop old; and undo all of it in reverse."""

from __future__ import annotations

import getpass
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    DeploymentUndoneError,
    GateFailedError,
    InterruptedRunError,
    TowpathError,
)
from towpath.deployment import plan as rollout
from towpath.deployment import traffic
from towpath.deployment.migrations import migrate
from towpath.deployment.plan import STEPS, DeploymentPlan, Step, Unfinished
from towpath.deployment.preflight import preflight
from towpath.environments import service_images
from towpath.environments import services as stack
from towpath.environments.engine import Container
from towpath.environments.environment import WEB, WORKER, Release, Site
from towpath.evidence import journal
from towpath.evidence import record as stages

SERVICES = ("database", "cache", "queue", "proxy")


@dataclass(frozen=True)
class Deployed:
    """What serves now, what served before ("" for nothing), and the seconds it took.

    `images` are those of the services around it, each by digest.
    """

    environment: str
    digest: str
    previous: str
    version: str
    seconds: float
    images: Mapping[str, str] = field(default_factory=dict)


def deploy(workspace: Workspace, environment: Environment, digest: str, version: str) -> Deployed:
    """Bring a release into an environment without losing a request.

    Deploying what already serves changes nothing. Raises LockedError, GateFailedError for
    migrations that the serving release cannot live with, and DeploymentUndoneError where the
    release did not prove itself: then the old one serves as before.
    """
    return carry_out(Site.open(workspace, environment), "deploy", digest, version)


def rollback(workspace: Workspace, environment: Environment) -> Deployed:
    """Bring back the release that served before, on the same way as any other.

    Raises ConfigurationError where there is none, GateFailedError where the schema has moved past
    it.
    """
    site = Site.open(workspace, environment)
    target = rollout.rollback_target(site.history.releases())
    if target is None:
        raise ConfigurationError(
            f"{site.name} has no release to roll back to.",
            why="Its history has no other release before the one that serves.",
            next_step=f"invoke history --environment={site.name}",
        )
    return carry_out(site, "rollback", target["digest"], target["version"])


def recover(site: Site) -> Unfinished | None:
    """End a deployment that was cut off: finished if it was recorded, else undone."""
    found = rollout.unfinished(site.journal.read(), site.history.releases())
    if found is None:
        return None
    what = f"the deployment of {found.plan.version} that was cut off"
    site.workspace.terminal.warn(f"{'Finishing' if found.finish else 'Undoing'} {what}.")
    deployment = Deployment(site, found.plan, _image(site, found.plan.digest))
    if found.finish:
        deployment.stop()
    else:
        deployment.undo(found.begun)
    site.journal.add("", "end", result="finished" if found.finish else "undone")
    return found


def carry_out(site: Site, kind: str, digest: str, version: str) -> Deployed:
    """Lock the environment, mend what was left, and run the plan, or find nothing to do."""
    started = site.clock.monotonic()
    if not site.environment.port:
        raise ConfigurationError(
            f"{site.name} takes no release: its proxy has no port.",
            next_step=f"Set port in [tool.towpath.environments.{site.name}].",
        )
    say = site.workspace.terminal.warn
    with journal.locked(site.state / "lock", stages.stamp(stages.now()), say):
        recover(site)
        image = _image(site, digest)
        previous = traffic.serving_digest(site)
        if traffic.is_steady(site, digest):
            site.workspace.terminal.say(f"{site.name} serves {version} already; nothing changes.")
        else:
            with site.workspace.terminal.step("preflight"):
                preflight(site, Release(image, digest, version))
            with site.workspace.terminal.step("services"):
                stack.up(site, SERVICES)
                traffic.restore(site)
            previous = traffic.serving_digest(site)
            at, name = stages.stamp(stages.now()), uuid.uuid4().hex
            Deployment(site, DeploymentPlan(name, kind, digest, version, previous, at), image).run()
    seconds = site.clock.monotonic() - started
    return Deployed(site.name, digest, previous, version, seconds, service_images.used(site))


@dataclass
class Deployment:
    """One deployment under its plan. New containers are known by its id, old ones by another."""

    site: Site
    plan: DeploymentPlan
    image: str
    unknown: tuple[str, ...] = ()
    baseline: Mapping[str, traffic.Count] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)

    @property
    def release(self) -> Release:
        """The release that this deployment brings."""
        plan = self.plan
        return Release(self.image, plan.digest, plan.version, plan.deployment)

    def run(self) -> None:
        """Do every step of the plan, each written down before and after; undo all on failure."""
        self.site.journal.begin(self.plan.as_json())
        try:
            for step in STEPS:
                self._do(step)
        except (Exception, KeyboardInterrupt) as error:
            raise self._failed(error) from error
        self.site.journal.add("", "end", result="done")

    def migrate(self) -> None:
        """Migrate, if that breaks nothing that serves."""
        self.unknown = migrate.migrate(self.site, self.release, self.plan.previous)

    def start(self) -> None:
        """Start the web containers of the new release beside the old."""
        self.site.scale(self.release, WEB, self.site.environment.replicas)

    def prove(self) -> None:
        """Hear enough good answers in a row from each new container."""
        for container in self._new(WEB):
            traffic.prove(self.site, container)

    def switch(self) -> None:
        """Let the proxy send requests to the new containers too."""
        hosts = [row.name for row in self._new(WEB)]
        for host in hosts:
            self.site.proxy.place(host)
        self.baseline = traffic.counts(self.site, hosts)
        for host in hosts:
            traffic.admit(self.site, host)

    def drain(self) -> None:
        """Send nothing more to the old containers, and wait until they have answered."""
        traffic.drain(self.site, [row.name for row in self._old(WEB)])

    def work(self) -> None:
        """Start the worker of the new release beside the old."""
        self.site.scale(self.release, WORKER, 1)
        for container in self._new(WORKER):
            traffic.await_health(self.site, container)

    def watch(self) -> None:
        """Watch errors and health for a while, under real requests."""
        traffic.watch(self.site, lambda: self._new(WEB) + self._new(WORKER), self.baseline)

    def record(self) -> None:
        """Write the release into the history: from here on it is finished, not undone."""
        entry = self.plan.as_json() | {
            # It serves from now on, not from when its deployment began.
            "at": stages.stamp(stages.now()),
            "unknown": list(self.unknown),
            "images": service_images.used(self.site),
        }
        self.site.history.add_release(entry | {"by": _user()})

    def stop(self) -> None:
        """Stop and remove the old containers, which get no request any more."""
        traffic.drain(self.site, [row.name for row in self._old(WEB)])
        for container in self._old(WEB):
            self.site.proxy.clear(container.name)
        for container in self._old(WEB) + self._old(WORKER):
            self.site.engine.remove(container, self.site.environment.drain)

    def undo(self, begun: list[str] | tuple[str, ...]) -> None:
        """Take back the steps that were begun, in reverse; can be done twice."""
        acts: Mapping[str, Callable[[], None]] = {
            "start": lambda: self._remove(WEB),
            "switch": self._take_out,
            "drain": self._let_in,
            "work": lambda: self._remove(WORKER),
        }
        for step in rollout.undoing(begun):
            with self.site.workspace.terminal.step(f"undo: {step.undo}"):
                acts[step.name]()

    def _do(self, step: Step) -> None:
        acts: Mapping[str, Callable[[], None]] = {
            "migrate": self.migrate,
            "start": self.start,
            "prove": self.prove,
            "switch": self.switch,
            "drain": self.drain,
            "work": self.work,
            "watch": self.watch,
            "record": self.record,
            "stop": self.stop,
        }
        self.begun.append(step.name)
        self.site.journal.add(step.name, "begin")
        with self.site.workspace.terminal.step(step.title):
            acts[step.name]()
        self.site.journal.add(step.name, "done")

    def _failed(self, error: BaseException) -> BaseException:
        """Undo, unless the release is recorded already, and return the error to raise."""
        if self.plan.deployment in {row["deployment"] for row in self.site.history.releases()}:
            return _cut_off(self.site, f"{self.plan.version} serves, with something left to stop")
        try:
            self.undo(self.begun)
            self.site.journal.add("", "end", result="undone")
        except TowpathError as failure:
            failure.__context__ = error
            return _cut_off(self.site, f"Undoing the deployment failed: {failure.what}")
        return self._undone(error)

    def _undone(self, error: BaseException) -> BaseException:
        releases = self.site.history.releases()
        names = {row["digest"]: row["version"] for row in releases}
        before = names.get(self.plan.previous, self.plan.previous)
        now = f"{before} serves as before" if before else "nothing served before, nothing does now"
        if isinstance(error, KeyboardInterrupt | InterruptedRunError):
            return InterruptedRunError(f"Interrupted: the deployment was undone, {now}.")
        if isinstance(error, GateFailedError) and self.begun == ["migrate"]:
            return error
        what, why = str(error) or type(error).__name__, getattr(error, "why", "")
        return DeploymentUndoneError(
            f"The deployment of {self.plan.version} to {self.site.name} was undone; {now}.",
            why=f"{what} {why}".strip(),
            next_step="Mend the release and deploy again.",
        )

    def _new(self, service: str) -> list[Container]:
        found = self.site.containers(service)
        return [row for row in found if row.deployment == self.plan.deployment]

    def _old(self, service: str) -> list[Container]:
        found = self.site.containers(service)
        return [row for row in found if row.deployment != self.plan.deployment]

    def _remove(self, service: str) -> None:
        for container in self._new(service):
            self.site.engine.remove(container, self.site.environment.drain)

    def _let_in(self) -> None:
        for container in self._old(WEB):
            traffic.admit(self.site, container.name)

    def _take_out(self) -> None:
        hosts = [row.name for row in self._new(WEB)]
        traffic.drain(self.site, hosts)
        for host in hosts:
            self.site.proxy.clear(host)


def _image(site: Site, digest: str) -> str:
    return site.workspace.config.images.at(digest)


def _cut_off(site: Site, what: str) -> CommandFailedError:
    return CommandFailedError(
        f"{what}.", next_step=f"The next `invoke deploy --environment={site.name}` ends it."
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
