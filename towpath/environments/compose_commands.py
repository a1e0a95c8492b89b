"""Commands of Docker Compose. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Argv = list[str]


@dataclass(frozen=True)
class Project:
    """One environment as Compose knows it: a name, and the files that say what it has."""

    name: str
    files: tuple[str, ...]

    def command(self, *words: str) -> Argv:
        """Return a command of this project."""
        files = [f"--file={file}" for file in self.files]
        return ["docker", "compose", f"--project-name={self.name}", *files, *words]


def up(project: Project, services: Iterable[str]) -> Argv:
    """Start services, and start anew those whose settings changed; nothing else is touched."""
    return project.command("up", "--detach", "--no-deps", "--quiet-pull", *services)


def scale(project: Project, counts: Mapping[str, int]) -> Argv:
    """Bring services to these numbers of containers; those that run stay as they are."""
    numbers = [f"--scale={service}={count}" for service, count in counts.items()]
    flags = ["--detach", "--no-deps", "--no-recreate", "--quiet-pull"]
    return project.command("up", *flags, *numbers, *counts)


def pull(project: Project, service: str) -> Argv:
    """Fetch the image of a service."""
    return project.command("pull", "--quiet", service)


def run(
    project: Project,
    service: str,
    words: Iterable[str],
    *,
    user: str = "",
    rights: Iterable[str] = (),
) -> Argv:
    """Run a command in a container of its own, which goes when the command ends.

    `user` is another one than the service's, `rights` are capabilities that it has besides.
    """
    flags = ["--rm", "--no-deps", "--no-TTY", "--quiet-pull"]
    flags += [f"--user={user}"] if user else []
    flags += [f"--cap-add={right}" for right in rights]
    return project.command("run", *flags, service, *words)


def create(project: Project, service: str) -> Argv:
    """Make the container of a service, and every network of the project, and start nothing."""
    return project.command("create", "--quiet-pull", service)


def check(
    project: Project, service: str, mounts: Iterable[str] = (), variables: Iterable[str] = ()
) -> Argv:
    """Run a service to its end, when those that it depends on are healthy.

    `mounts` are files and directories of this machine that it also sees, at the same place;
    `variables` are names of those that it gets from the environment of Compose.
    """
    flags = ["--rm", "--no-TTY", "--quiet-pull"]
    seen = [f"--volume={mount}:{mount}:ro" for mount in mounts]
    seen += [f"--env={name}" for name in sorted(variables)]
    return project.command("run", *flags, *seen, service)


def execute(project: Project, service: str, words: Iterable[str], user: str = "") -> Argv:
    """Run a command inside the running container of a service."""
    who = [f"--user={user}"] if user else []
    return project.command("exec", "--no-TTY", *who, service, *words)


def down(project: Project, *, volumes: bool) -> Argv:
    """Stop and remove everything of the project; with `volumes` its data too."""
    flags = ["--remove-orphans", *(["--volumes"] if volumes else [])]
    return project.command("--profile=*", "down", *flags)


def logs(project: Project, services: Iterable[str], *, lines: int, follow: bool) -> Argv:
    """Show the last lines of services, and with `follow` what comes."""
    flags = [f"--tail={lines}", "--no-color", *(["--follow"] if follow else [])]
    return project.command("logs", *flags, *services)


def port(project: Project, service: str, inside: int) -> Argv:
    """Tell the address on the host at which a port of a service is published."""
    return project.command("port", service, str(inside))


def config(project: Project) -> Argv:
    """Write what the files come to, every profile with them; no engine is asked."""
    return project.command("--profile=*", "config", "--format=json")


def version() -> Argv:
    """Tell the version of Compose; no engine is asked."""
    return ["docker", "compose", "version"]
