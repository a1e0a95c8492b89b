"""Probes of this machine: the Docker engine, buildx and its cache, Compose, disks, emulation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from towpath import gates
from towpath.config.workspace import Workspace
from towpath.core import environment
from towpath.core.errors import ConfigurationError, EngineAbsentError, NothingToJudgeError
from towpath.core.runner import Outcome, Runner, command_failed
from towpath.engine import docker_commands as docker
from towpath.engine.discover import DiscoveredEngine, find
from towpath.environments import compose_commands as compose
from towpath.images import buildx_reader as buildx
from towpath.images.builder import builder_name
from towpath.images.buildx_reader import has_image_store
from towpath.operations import health_commands as commands
from towpath.operations import health_reader as reader
from towpath.operations import health_rules as rules
from towpath.operations.health_reader import EngineInfo
from towpath.operations.health_rules import DAY, BuildCache, Disk, HealthCheck, Level
from towpath.operations.probes import COMMAND, Once, Probe

ENGINE = "Docker engine"
UP, STATUS = "invoke engine.up", "invoke engine.status"
NO_BUILDER = "no builder "
# What the client says where the builder gave no answer: then nothing is known of its cache.
UNREACHABLE = ("Cannot connect", "code = Unavailable", "permission denied", "deadline exceeded")


@dataclass(frozen=True)
class EngineAccess:
    """The engine as probes share it: found once, and asked once what it is. None is started."""

    discovered: Callable[[], DiscoveredEngine]
    workspace: Callable[[], Workspace]
    info: Callable[[], EngineInfo]


def access(workspace: Workspace, finding: Callable[..., DiscoveredEngine] = find) -> EngineAccess:
    """Return the access to the engine that answers here; nothing is asked before a probe does."""
    found = Once(lambda: _require_engine(finding(workspace.config.env)))
    on_engine = Once(lambda: _on_engine(workspace, found()))
    info = Once(lambda: _info(on_engine()))
    return EngineAccess(found, on_engine, info)


def probes(workspace: Workspace, engine: EngineAccess) -> list[Probe]:
    """Return the probes of everything that this machine needs to build and to run images."""
    return [
        Probe(ENGINE, lambda: _engine(engine), UP),
        Probe("buildx", lambda: _buildx(engine), UP),
        Probe("build cache", lambda: _typed(engine, _cache(workspace, engine)), UP),
        Probe("Compose", lambda: _compose(engine), UP),
        Probe("emulation", lambda: _typed(engine, _emulation(workspace, engine)), UP),
        Probe("disk for images", lambda: _typed(engine, _images_disk(engine)), STATUS),
        Probe("disk for state", lambda: _state_disk(workspace), "df -h"),
    ]


def _require_engine(found: DiscoveredEngine) -> DiscoveredEngine:
    if found.kind == "none":
        raise EngineAbsentError(
            "No Docker engine answers.", why=f"Asked {found.endpoint}.", next_step=UP
        )
    return found


def _on_engine(workspace: Workspace, found: DiscoveredEngine) -> Workspace:
    """Return the workspace whose commands reach the engine that was found."""
    env = {**workspace.config.env, **found.environment}
    config = replace(workspace.config, env=env)
    if not isinstance(workspace.runner, Runner):
        return replace(workspace, config=config)
    runner = Runner(workspace.terminal, env=environment.of_tools(env), cwd=workspace.runner.cwd)
    return Workspace(config, runner, workspace.terminal)


def _ask(workspace: Workspace, argv: Sequence[str], *, check: bool = True) -> Outcome:
    return workspace.runner.run(argv, check=check, timeout=COMMAND)


def _info(workspace: Workspace) -> EngineInfo:
    said = _ask(workspace, docker.info(), check=False)
    if not said.ok and not said.stdout.strip():
        raise command_failed(said, " ".join(docker.info()))
    return reader.engine_info(said.stdout)


def _engine(engine: EngineAccess) -> Iterable[HealthCheck]:
    kind, info = engine.discovered().kind, engine.info()
    store = "containerd image store" if has_image_store(info.text) else "no containerd image store"
    yield HealthCheck(ENGINE, Level.OK, f"{info.version} ({kind}, {info.platform}), {store}")


def _buildx(engine: EngineAccess) -> Iterable[HealthCheck]:
    said = _ask(engine.workspace(), commands.buildx_version()).stdout
    # "github.com/docker/buildx v0.13.1 hash": the path has no version of its own.
    yield HealthCheck("buildx", Level.OK, reader.version(said, "buildx"))


def _compose(engine: EngineAccess) -> Iterable[HealthCheck]:
    said = _ask(engine.workspace(), compose.version()).stdout
    yield HealthCheck("Compose", Level.OK, reader.version(said, "Compose"))


def _builder(engine: EngineAccess) -> str:
    return builder_name(engine.workspace().config.env, engine.info().text)


def _typed(engine: EngineAccess, checks: Iterable[HealthCheck]) -> Iterable[HealthCheck]:
    """Yield the checks with commands as they are typed: our own engine's client is on no PATH."""
    own = engine.discovered().kind == "embedded"
    for row in checks:
        if own and row.next_step.startswith("docker "):
            row = replace(row, next_step=f'eval "$(invoke engine.up)" && {row.next_step}')
        yield row


def _cache(workspace: Workspace, engine: EngineAccess) -> Iterable[HealthCheck]:
    subject, name = "build cache", _builder(engine)
    said = _ask(engine.workspace(), commands.cache(name), check=False)
    if not said.ok and NO_BUILDER in said.stderr:
        yield _no_builder(subject, name)
    elif not said.ok and any(words in said.stderr for words in UNREACHABLE):
        raise command_failed(said, " ".join(said.argv))
    elif not said.ok:
        yield rules.damaged(subject, said.tail() or f"exit code {said.code}", name)
    else:
        from towpath.evidence.record import now

        found = reader.build_cache(said.stdout, now())
        damage = _damage_seen(workspace.config.reports, name, found, now().timestamp())
        yield rules.damaged(subject, damage, name) if damage else rules.cache(subject, found, name)


def _damage_seen(reports: Path, builder: str, cache: BuildCache, now: float) -> str:
    """Return the error of a build that could not use the cache as it is now; empty if none could.

    The sizes that a builder tells are those that it wrote down: what is gone from the disk is
    noticed at its use. What is newer than the build in question is not what it failed with.
    """
    for log in reports.glob("logs/*.log"):
        since = (now - log.stat().st_mtime) / DAY
        if cache.age is None or cache.age < since:
            continue
        name, error = buildx.cache_damage(log.read_text(encoding="utf-8", errors="replace"))
        if name == builder:
            return error
    return ""


def _no_builder(subject: str, name: str) -> HealthCheck:
    return HealthCheck(
        subject, Level.WARNING, f"the builder {name} is not made yet", "invoke build"
    )


def _emulation(workspace: Workspace, engine: EngineAccess) -> Iterable[HealthCheck]:
    """Look at the platforms that neither this machine is of nor another one builds."""
    config, subject, native = workspace.config, "emulation", engine.info().platform
    wanted = [row for row in config.platforms if row != native and row not in config.builders]
    if not wanted:
        yield HealthCheck(subject, Level.OK, "not needed")
        return
    name = _builder(engine)
    said = _ask(engine.workspace(), commands.builder(name), check=False)
    if not said.ok and NO_BUILDER in said.stderr:
        yield _no_builder(subject, name)
        return
    if not said.ok:
        raise command_failed(said, " ".join(said.argv))
    try:
        offered = reader.platforms(said.stdout)
    except NothingToJudgeError as error:
        error.next_step = f"docker buildx inspect --bootstrap {name}"
        raise
    yield rules.emulation(subject, wanted, offered)


def _images_disk(engine: EngineAccess) -> Iterable[HealthCheck]:
    """Look at the engine's own disk, which of an engine elsewhere only that machine can see."""
    subject, info = "disk for images", engine.info()
    if not engine.discovered().endpoint.startswith("unix://"):
        raise ConfigurationError(
            "The engine is on another machine.",
            next_step=f"ssh to it and run: df -h {info.root}",
        )
    if not info.root or not Path(info.root).is_dir():
        raise NothingToJudgeError(f"{info.root or 'Its directory'} is not visible from here.")
    low, full = gates.IMAGES_DISK_LOW, gates.IMAGES_DISK_FULL
    step = "docker system prune --force"
    yield rules.disk(subject, info.root, measure(Path(info.root)), low, full, step)


def _state_disk(workspace: Workspace) -> Iterable[HealthCheck]:
    subject, wanted = "disk for state", workspace.config.state
    there = next(place for place in (wanted, *wanted.parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        words = f"{there} is not writable for this user"
        yield HealthCheck(subject, Level.ERROR, words, f"ls -ld {there}")
        return
    low, full = gates.STATE_DISK_LOW, gates.STATE_DISK_FULL
    yield rules.disk(subject, str(wanted), measure(there), low, full, f"du -sh {there}/*")


def measure(place: Path) -> Disk:
    """Return the free room of the file system that a directory is on; raises OSError."""
    found = os.statvfs(place)
    inodes = 100 * found.f_favail / found.f_files if found.f_files else None
    return Disk(found.f_bavail * found.f_frsize, inodes)
