"""The Docker engine by its API: the state of containers, and actions that Compose lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from towpath.core.backoff import Backoff, attempts
from towpath.core.clock import SYSTEM, Clock
from towpath.core.errors import CommandFailedError, EngineUnreachableError

if TYPE_CHECKING:
    from docker import DockerClient

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
ONE_OFF = "com.docker.compose.oneoff"
# On a busy machine runc loses the first process of a command before it runs the command: "read
# init-p: connection reset by peer". A command that is not there is another matter.
NOT_STARTED = re.compile(
    r"OCI runtime exec failed: (?!.*(?:executable file not found|no such file or directory))"
)
# What Docker sends where an image names no other, and its answer where nothing runs.
STOP_SIGNAL, CONFLICT = "SIGTERM", 409
RETRY = Backoff(first=0.2, longest=2.0, attempts=5)
CHECK = "Check whether the engine is running: invoke engine.status"


@dataclass(frozen=True)
class Container:
    """One container of a Compose project, in its state at the time of the request.

    `health` is healthy, unhealthy, starting, or none where there is no check. `digest`, `version`
    and `deployment` are labels set by the deployment. `started` is UTC in ISO 8601. `processors` is
    how many of them it may use, 0 for all.
    """

    id: str
    name: str
    service: str
    running: bool
    health: str = "none"
    restarts: int = 0
    digest: str = ""
    version: str = ""
    deployment: str = ""
    image: str = ""
    started: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    processors: float = 0.0

    @property
    def well(self) -> bool:
        """Whether it is running, and healthy if it has a health check."""
        return self.running and self.health in ("healthy", "none")


@dataclass(frozen=True)
class EngineImage:
    """An image of the engine: its platform, such as linux/amd64, and its size in bytes.

    `digests` are the references by digest under which registries have it.
    """

    platform: str
    size: int
    digests: tuple[str, ...] = ()


class Engine:
    """A client of the engine that `env` configures; every method raises CommandFailedError."""

    def __init__(self, env: Mapping[str, str], clock: Clock = SYSTEM) -> None:
        self._env = dict(env)
        self._clock = clock

    @property
    def endpoint(self) -> str:
        """Where the engine is, as DOCKER_HOST says it; empty for the client's default."""
        return self._env.get("DOCKER_HOST", "")

    @cached_property
    def client(self) -> DockerClient:
        """The SDK's client of this engine."""
        # Only when needed: the import takes a tenth of a second.
        import docker

        return docker.from_env(environment=self._env, version="auto")

    def containers(self, project: str, service: str = "") -> list[Container]:
        """Return the containers of a project, or of one service of it, in the order of age.

        Raises CommandFailedError if the Docker API call fails.
        """
        more = [f"{SERVICE}={service}"] if service else []
        return self._list([f"{PROJECT}={project}", f"{ONE_OFF}=False", *more])

    def commands(self, project: str) -> list[Container]:
        """Return the containers in which one command of a project runs, such as its migrations.

        Compose removes each when the command ends; one whose Compose was killed stays. Raises
        CommandFailedError if the Docker API call fails.
        """
        return self._list([f"{PROJECT}={project}", f"{ONE_OFF}=True"])

    def _list(self, labels: Sequence[str]) -> list[Container]:
        with self.errors("list containers"):
            found = self.client.containers.list(
                all=True, filters={"label": list(labels)}, ignore_removed=True
            )
        return sorted((_container(row.attrs) for row in found), key=lambda row: row.started)

    def volumes(self, project: str) -> list[str]:
        """Return the names of the volumes that a project has, whether it runs or not.

        Raises CommandFailedError if the Docker API call fails.
        """
        with self.errors("list volumes"):
            found = self.client.volumes.list(filters={"label": f"{PROJECT}={project}"})
        return sorted(str(row.name) for row in found)

    def execute(self, container: Container, argv: Sequence[str]) -> tuple[int, str]:
        """Run a command inside a container; return its exit code and both streams as text.

        If the engine could not start it, nothing was done yet, and it is tried again. Raises
        CommandFailedError if the Docker API call fails.
        """
        code, text = -1, ""
        for _ in attempts(RETRY, self._clock):
            with self.errors(f"run {argv[0]} in {container.name}"):
                found, output = self.client.containers.get(container.id).exec_run(list(argv))
            code = -1 if found is None else found
            text = cast(bytes, output).decode(errors="replace")
            if not (code and NOT_STARTED.match(text)):
                break
        return code, text

    def logs(self, container: Container, lines: int) -> str:
        """Return the last lines that a container wrote.

        Raises CommandFailedError if the Docker API call fails.
        """
        with self.errors(f"read the log of {container.name}"):
            found = self.client.containers.get(container.id)
            output = found.logs(tail=lines, stream=False)
        return output.decode(errors="replace").strip()

    def log_lines(self, container: Container, since: float, lines: int) -> list[str]:
        """Return what a container wrote to standard output since a time in seconds since 1970.

        Each line begins with its own time on the engine. At most the last `lines` are returned.
        Raises CommandFailedError if the Docker API call fails.
        """
        with self.errors(f"read the log of {container.name}"):
            output = self.client.api.logs(
                container.id, stderr=False, timestamps=True, tail=lines, since=since or None
            )
        return output.decode(errors="replace").splitlines()

    def statistics(self, container: Container) -> Mapping[str, Any]:
        """Return the engine's counters of processor time and memory of a container.

        Raises CommandFailedError if the Docker API call fails.
        """
        with self.errors(f"read the statistics of {container.name}"):
            found = self.client.api.stats(container.id, stream=False, one_shot=True)
        return cast(Mapping[str, Any], found)

    def remove(self, container: Container, patience: int) -> None:
        """Stop a container, with SIGKILL after `patience` seconds, and remove it if it exists.

        Raises CommandFailedError if the Docker API call fails.
        """
        from docker.errors import NotFound

        with self.errors(f"remove {container.name}"):
            try:
                found = self.client.containers.get(container.id)
                found.stop(timeout=patience)
                found.remove(v=True, force=True)
            except NotFound:
                return

    def stop(self, container: Container, patience: int) -> None:
        """Stop a container within `patience` seconds, and keep it; one that is gone is fine.

        Raises CommandFailedError if the Docker API call fails.
        """
        from docker.errors import NotFound

        with self.errors(f"stop {container.name}"):
            try:
                self.client.containers.get(container.id).stop(timeout=patience)
            except NotFound:
                return

    def ask_to_stop(self, container: Container) -> None:
        """Send a container its stop signal, and do not wait; it is not started again by itself.

        One that does not run is fine. Raises CommandFailedError if the Docker API call fails.
        """
        from docker.errors import APIError, NotFound

        with self.errors(f"stop {container.name}"):
            try:
                found = self.client.containers.get(container.id)
                found.kill(found.attrs["Config"].get("StopSignal") or STOP_SIGNAL)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != CONFLICT:
                    raise

    def start(self, container: Container) -> None:
        """Start a container that was stopped.

        Raises CommandFailedError if the Docker API call fails.
        """
        with self.errors(f"start {container.name}"):
            self.client.containers.get(container.id).start()

    def end_sessions(self, label: str) -> int:
        """Kill every running container with a label, as in name=value; return how many.

        Raises CommandFailedError if the Docker API call fails.
        """
        from docker.errors import APIError

        with self.errors(f"end the containers with the label {label}"):
            rows = self.client.containers.list(filters={"label": label}, ignore_removed=True)
            for row in rows:
                # One that ended meanwhile is what was wanted.
                with suppress(APIError):
                    row.kill()
        return len(rows)

    def image(self, reference: str) -> EngineImage | None:
        """Return the image of this reference, or None if the engine does not have it.

        Raises CommandFailedError if the Docker API call fails.
        """
        from docker.errors import NotFound

        with self.errors(f"inspect the image {reference}"):
            try:
                found = self.client.images.get(reference).attrs
            except NotFound:
                return None
        digests = tuple(str(row) for row in found.get("RepoDigests") or ())
        return EngineImage(f"{found['Os']}/{found['Architecture']}", int(found["Size"]), digests)

    def platform(self) -> str:
        """Return the engine's own platform, as in linux/amd64.

        Raises CommandFailedError if the Docker API call fails.
        """
        with self.errors("get the version"):
            version = self.client.version()
        return f"{version['Os']}/{version['Arch']}"

    @contextmanager
    def errors(self, what: str) -> Iterator[None]:
        """Turn exceptions of the SDK and its transport into CommandFailedError; `what` was done.

        What the engine answered is an APIError; anything else says that it did not answer.
        """
        from docker.errors import APIError, DockerException
        from urllib3.exceptions import HTTPError

        try:
            yield
        # requests' own exceptions are OSErrors; a stream that is cut off can end with the others.
        except (DockerException, HTTPError, OSError) as error:
            words = f"Docker API call failed: {what}."
            if isinstance(error, APIError):
                raise CommandFailedError(words, why=str(error), next_step=CHECK) from error
            raise EngineUnreachableError(words, why=str(error), next_step=CHECK) from error


def _container(attributes: Mapping[str, Any]) -> Container:
    """Read the output of `docker inspect` for a container."""
    state, labels = attributes["State"], attributes["Config"]["Labels"] or {}
    networks = attributes["NetworkSettings"]["Networks"] or {}
    return Container(
        id=attributes["Id"],
        name=attributes["Name"].lstrip("/"),
        service=labels.get(SERVICE, ""),
        running=bool(state["Running"]) and not state.get("Restarting", False),
        health=state.get("Health", {}).get("Status", "none"),
        restarts=int(attributes.get("RestartCount", 0)),
        digest=labels.get("towpath.digest", ""),
        version=labels.get("towpath.version", ""),
        deployment=labels.get("towpath.deployment", ""),
        image=attributes["Config"]["Image"],
        started=state.get("StartedAt", ""),
        addresses={
            name: row["IPAddress"] for name, row in networks.items() if row.get("IPAddress")
        },
        processors=_processors(attributes.get("HostConfig") or {}),
    )


def _processors(limits: Mapping[str, Any]) -> float:
    """Return how many processors a container may use; 0 for all.

    Source: Docker Engine API, ContainerInspect: NanoCpus is `cpus` of Compose.
    """
    if nano := int(limits.get("NanoCpus") or 0):
        return nano / 1e9
    quota, period = int(limits.get("CpuQuota") or 0), int(limits.get("CpuPeriod") or 100_000)
    return max(0, quota) / period
