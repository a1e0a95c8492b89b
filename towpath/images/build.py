"""Build and push targets for every platform, read them back, and only then move their tags."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from towpath.config.workspace import Workspace
from towpath.core.errors import NothingToJudgeError, RegistryError, RegistryNotFoundError
from towpath.core.references import version_tag
from towpath.core.subject import Subject
from towpath.evidence import record as stages
from towpath.evidence import stage_inputs
from towpath.evidence.provenance import Base
from towpath.evidence.statement import Statement
from towpath.images import bake, origin, readback
from towpath.images.bake import Order, Solved
from towpath.images.options import PRODUCTION, known
from towpath.images.options import tags as names_of
from towpath.images.wheels import provide as wheels
from towpath.images.wheels.record_reader import Wheel
from towpath.registry import image as registries
from towpath.registry import publish as mirror
from towpath.registry import push_lock
from towpath.registry.client import RegistryClient
from towpath.registry.image import Image
from towpath.source import snapshot as sources
from towpath.source.snapshot import SourceSnapshot

# How many files that changed during a build are named.
SHOWN_CHANGED = 3


@dataclass(frozen=True)
class Built:
    """A built image in the registry; sizes are compressed bytes by platform.

    `above_base` counts only the layers that the build added. `programs` is the number of ELF files
    in those layers. `wheels` were built, or reused, for dependencies that have none.
    """

    digest: str
    version: str
    platforms: tuple[str, ...]
    sizes: Mapping[str, int]
    tags: tuple[str, ...]
    seconds: float
    above_base: Mapping[str, int] = field(default_factory=dict)
    programs: int = 0
    wheels: tuple[Wheel, ...] = ()

    @property
    def image_size(self) -> int:
        """The compressed size of the largest platform, in bytes."""
        return max(self.sizes.values(), default=0)


def build(
    workspace: Workspace,
    source: SourceSnapshot,
    *,
    platforms: tuple[str, ...],
    target: str = PRODUCTION,
    no_cache: bool = False,
) -> Built:
    """Build and push one target; see `build_all`, also for the errors that it raises."""
    built = build_all(workspace, source, platforms=platforms, targets=(target,), no_cache=no_cache)
    return built[target]


@push_lock.pushes
def build_all(
    workspace: Workspace,
    source: SourceSnapshot,
    *,
    platforms: tuple[str, ...],
    targets: tuple[str, ...] = (PRODUCTION,),
    tag: str = "",
    no_cache: bool = False,
    shown: bool = False,
) -> dict[str, Built]:
    """Build and push these targets at once, and read the pushed images back by digest.

    Tags move last, when every platform of every target is in the registry and every program in it
    is built for its platform: `<version>` and `built` for production, `<target>` for the others,
    and `tag` for an only target. With `shown`, the builder's output is streamed to the terminal.

    Raises RegistryError if the registry does not have what was pushed or the version belongs to
    another digest, CommandFailedError for a failed build or a program of another architecture,
    NothingToJudgeError if files changed meanwhile, and ConfigurationError.
    """
    started, begun = time.monotonic(), stages.now()
    tags = {target: names_of(source.version, target, targets, tag) for target in targets}
    registry = registries.client(workspace)
    registry.ping()
    bake.provide_bases(workspace)
    order = make_order(workspace, source, targets, platforms, no_cache=no_cache, shown=shown)
    with workspace.terminal.step(f"Build {', '.join(targets)} for {', '.join(platforms)}"):
        solved, used = wheels.provided(
            workspace, order, lambda row: bake.solve(workspace, row), lambda done: done.base
        )
        _unchanged(workspace, source)
    with workspace.terminal.step("Verify every platform in the registry"):
        found = _read_back(registry, solved, platforms)
        programs = readback.require_native(workspace, registry, found)
    _require_same_release(registry, source, found, tags)
    for target, (image, base) in found.items():
        made = origin.describe_origin(source, order, solved, target, base, begun, used.wheels)
        origin.attach(workspace, registry, image, made)
    mirror.publish(workspace, *((found[target][0].digest, names) for target, names in tags.items()))
    seconds = time.monotonic() - started
    return {
        target: Built(
            digest=image.digest,
            version=source.version,
            platforms=tuple(image.platforms),
            sizes=image.sizes,
            tags=tags[target],
            seconds=seconds,
            above_base=readback.above_base(image, base),
            programs=programs[target],
            wheels=used.wheels,
        )
        for target, (image, base) in found.items()
    }


def build_locally(
    workspace: Workspace,
    source: SourceSnapshot,
    *,
    platforms: tuple[str, ...],
    target: str = PRODUCTION,
    no_cache: bool = False,
    shown: bool = False,
) -> str:
    """Build into the local engine only, without evidence, and return the image's name there.

    Raises ConfigurationError for an unknown target or too many platforms, CommandFailedError for a
    failed build, and NothingToJudgeError if files changed meanwhile.
    """
    known(target)
    bake.provide_bases(workspace)
    order = make_order(workspace, source, (target,), platforms, no_cache=no_cache, shown=shown)
    with workspace.terminal.step(f"Build {target} for {', '.join(platforms)} (not pushed)"):
        name, _ = wheels.provided(
            workspace, order, lambda row: bake.build_locally(workspace, row, target), lambda _: ""
        )
        _unchanged(workspace, source)
    return name


def show(workspace: Workspace, built: Mapping[str, Built]) -> None:
    """Print the sizes of built images; their references go to standard output."""
    for target, row in built.items():
        for platform, size in row.sizes.items():
            above = row.above_base.get(platform)
            more = "" if above is None else f", {above / 1e6:.1f} MB more than its base image"
            workspace.terminal.say(f"  {target} {platform} {size / 1e6:.1f} MB compressed{more}")
        workspace.terminal.data(workspace.config.images.at(row.digest))
    for wheel in next(iter(built.values())).wheels if built else ():
        workspace.terminal.say(f"  {wheel}")


def facts(source: SourceSnapshot, built: Built, requested: tuple[str, ...]) -> dict[str, Any]:
    """Return the facts of the build's statement, which binds a commit and its tree to the digest.

    `requested` are the platforms that were requested.
    """
    return {
        "platforms_missing": len(set(requested) - set(built.platforms)),
        "digest": built.digest,
        "version": built.version,
        "commit": source.commit,
        "tree": source.tree,
        "dirty": source.dirty,
        "platforms": list(built.platforms),
        "sizes": dict(built.sizes),
        "image_size": built.image_size,
        "above_base": dict(built.above_base),
        "programs": built.programs,
        "registry_wheels": [_wheel_facts(row) for row in built.wheels if row.registry],
    }


def _wheel_facts(wheel: Wheel) -> dict[str, str]:
    """Return the facts about a wheel from a registry."""
    return {
        "name": wheel.name,
        "version": wheel.version,
        "platform": wheel.platform,
        "sha256": wheel.sha256,
        "registry": wheel.registry,
    }


def inputs(workspace: Workspace, source: SourceSnapshot, platforms: tuple[str, ...]) -> str:
    """Return a hash of the inputs of a production build, except the base image behind its tag."""
    config = workspace.config
    return stage_inputs.inputs_of(source, "build", config.registry, config.repository, *platforms)


def record(
    workspace: Workspace,
    source: SourceSnapshot,
    built: Built,
    requested: tuple[str, ...],
    *,
    started: dt.datetime,
) -> Statement:
    """Write the build's statement about the digest and return it.

    `requested` are the platforms that were requested, `started` is the start of the build in UTC.
    """
    return stages.record(
        workspace,
        stages.StageRecord(
            stage="build",
            subject=Subject.image(workspace.config.repository, built.digest),
            facts={**facts(source, built, requested), **stages.run_facts(workspace.config)},
            inputs=inputs(workspace, source, requested),
            started=started,
            duration=built.seconds,
        ),
    )


def arguments(source: SourceSnapshot) -> dict[str, str]:
    """Return the build arguments, which depend on the commit and not on the time of the build."""
    return {
        "SOURCE_DATE_EPOCH": str(source.epoch),
        "VERSION": source.version,
        "COMMIT": source.commit,
    }


def labels(workspace: Workspace, source: SourceSnapshot) -> dict[str, str]:
    """Return the labels of every target; OCI's own become annotations too."""
    created = stages.stamp(dt.datetime.fromtimestamp(source.epoch, dt.UTC))
    return {
        "org.opencontainers.image.title": workspace.config.name,
        "org.opencontainers.image.version": source.version,
        "org.opencontainers.image.revision": source.commit,
        "org.opencontainers.image.created": created,
        "org.opencontainers.image.source": source.remote,
        "dev.towpath.tree": source.tree,
        "dev.towpath.dirty": str(source.dirty).lower(),
    }


def make_order(
    workspace: Workspace,
    source: SourceSnapshot,
    targets: tuple[str, ...],
    platforms: tuple[str, ...],
    *,
    no_cache: bool,
    shown: bool,
) -> Order:
    """Return what is asked of the builders."""
    packages = workspace.config.image.run_packages
    return Order(
        targets,
        platforms,
        arguments(source) | ({"RUN_PACKAGES": " ".join(packages)} if packages else {}),
        labels(workspace, source),
        branch=source.branch,
        no_cache=no_cache,
        shown=shown,
    )


def _unchanged(workspace: Workspace, source: SourceSnapshot) -> None:
    """Raise NothingToJudgeError if files changed during the build: no tree describes the image."""
    now = sources.read_files(workspace)
    if now.tree != source.tree:
        changed = sorted({path for path, _ in {*now.files} ^ {*source.files}})
        more = f" and {len(changed) - SHOWN_CHANGED} more" if changed[SHOWN_CHANGED:] else ""
        raise NothingToJudgeError(
            f"Source files changed during the build: {', '.join(changed[:SHOWN_CHANGED])}{more}.",
            why="The image may contain a mix of old and new files.",
            next_step="Run `invoke build` again.",
        )


def _read_back(
    registry: RegistryClient, solved: Solved, platforms: Sequence[str]
) -> dict[str, tuple[Image, Base | None]]:
    bases = {
        name: readback.base(registry, name, digest)
        for name, digest in dict(solved.bases.values()).items()
    }
    return {
        target: (
            readback.read_back(registry, digest, platforms),
            bases[solved.bases[target][0]] if target in solved.bases else None,
        )
        for target, digest in solved.digests.items()
    }


def _require_same_release(
    registry: RegistryClient,
    source: SourceSnapshot,
    found: Mapping[str, tuple[Image, Base | None]],
    tags: Mapping[str, tuple[str, ...]],
) -> None:
    """Raise RegistryError if the tag of this version already names another digest."""
    if source.version.startswith("0.0.0+") or PRODUCTION not in tags:
        return
    digest = found[PRODUCTION][0].digest
    try:
        before = registry.resolve(version_tag(source.version))
    except RegistryNotFoundError:
        return
    if before != digest:
        raise RegistryError(
            f"Version {source.version} already exists in the registry with digest {before}.",
            why=f"This build has digest {digest}: the base image or the builder has changed.",
            next_step="Tag a new version. Released versions are never overwritten.",
        )
