"""Build targets for every platform, push them, read them back, and only then move their tags."""

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
from towpath.registry import push_lock as guard
from towpath.registry.client import RegistryClient
from towpath.registry.image import Image
from towpath.source import snapshot as sources
from towpath.source.snapshot import SourceSnapshot


@dataclass(frozen=True)
class Built:
    """What a build left in the registry. Sizes are compressed bytes, keyed by platform."""

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
    """Build and push one target; see `build_all`."""
    built = build_all(workspace, source, platforms=platforms, targets=(target,), no_cache=no_cache)
    return built[target]


@guard.pushes
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
    """Build these targets in one go and push them; what arrived is read back by its digest.

    Tags move last, when every platform of every target is there and every program in it is of its
    platform: `<version>` and `built` of production, `<target>` of the others, and `tag` for the
    only target. With `shown` the builder's own words are shown as they come. Raises RegistryError
    if the registry does not hold what was pushed.
    """
    started, begun = time.monotonic(), stages.now()
    tags = {target: names_of(source.version, target, targets, tag) for target in targets}
    registry = registries.client(workspace)
    registry.ping()
    order = _order(workspace, source, targets, platforms, no_cache=no_cache, shown=shown)
    with workspace.terminal.step(f"Build {', '.join(targets)} for {', '.join(platforms)}"):
        solved, used = wheels.provided(
            workspace, order, lambda row: bake.solve(workspace, row), lambda done: done.base
        )
        _unchanged(workspace, source)
    with workspace.terminal.step("Read back every platform"):
        found = _read_back(registry, solved, platforms)
        programs = readback.require_native(workspace, registry, found)
    _refuse_another(registry, source, found, tags)
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


def keep(
    workspace: Workspace,
    source: SourceSnapshot,
    *,
    platforms: tuple[str, ...],
    target: str = PRODUCTION,
    no_cache: bool = False,
    shown: bool = False,
) -> str:
    """Build into the engine only and return the image's name there; nothing is promised of it."""
    known(target)
    order = _order(workspace, source, (target,), platforms, no_cache=no_cache, shown=shown)
    with workspace.terminal.step(f"Build {target} for {', '.join(platforms)}, without a push"):
        name, _ = wheels.provided(
            workspace, order, lambda row: bake.keep(workspace, row, target), lambda _: ""
        )
        _unchanged(workspace, source)
    return name


def show(workspace: Workspace, built: Mapping[str, Built]) -> None:
    """Tell what a build left in the registry; the references go to standard output."""
    for target, row in built.items():
        for platform, size in row.sizes.items():
            above = row.above_base.get(platform)
            more = "" if above is None else f", {above / 1e6:.1f} MB above its base"
            workspace.terminal.say(f"  {target} {platform} {size / 1e6:.1f} MB compressed{more}")
        workspace.terminal.data(workspace.config.images.at(row.digest))
    for wheel in next(iter(built.values())).wheels if built else ():
        workspace.terminal.say(f"  {wheel}")


def facts(source: SourceSnapshot, built: Built, asked: tuple[str, ...]) -> dict[str, Any]:
    """Return what the build's statement says: it binds a commit and its tree to the digest."""
    return {
        "platforms_missing": len(set(asked) - set(built.platforms)),
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
        "registry_wheels": [_named(row) for row in built.wheels if row.registry],
    }


def _named(wheel: Wheel) -> dict[str, str]:
    """Return what evidence says of a wheel that came from a registry."""
    return {
        "name": wheel.name,
        "version": wheel.version,
        "platform": wheel.platform,
        "sha256": wheel.sha256,
        "registry": wheel.registry,
    }


def inputs(workspace: Workspace, source: SourceSnapshot, platforms: tuple[str, ...]) -> str:
    """Return what a production build depends on, but for the base image behind its tag."""
    config = workspace.config
    return stages.inputs_of(source, "build", config.registry, config.repository, *platforms)


def record(
    workspace: Workspace,
    source: SourceSnapshot,
    built: Built,
    asked: tuple[str, ...],
    *,
    started: dt.datetime,
) -> Statement:
    """Write the build's statement about the digest and return it."""
    return stages.record(
        workspace,
        stages.StageResult(
            stage="build",
            subject=Subject.image(workspace.config.repository, built.digest),
            facts={**facts(source, built, asked), **stages.run_facts(workspace.config)},
            inputs=inputs(workspace, source, asked),
            started=started,
            duration=built.seconds,
        ),
    )


def arguments(source: SourceSnapshot) -> dict[str, str]:
    """Return the build arguments: all of them follow from the commit, none from the day."""
    return {
        "SOURCE_DATE_EPOCH": str(source.epoch),
        "VERSION": source.version,
        "COMMIT": source.commit,
    }


def labels(workspace: Workspace, source: SourceSnapshot) -> dict[str, str]:
    """Return the labels of every target; those that OCI knows become annotations too."""
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


def _order(
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
    """Refuse an image whose files changed while it was built: no tree would speak of it."""
    if sources.read_files(workspace).tree != source.tree:
        raise NothingToJudgeError(
            "Files changed while the image was built.",
            why="The image may hold some of before and some of after.",
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


def _refuse_another(
    registry: RegistryClient,
    source: SourceSnapshot,
    found: Mapping[str, tuple[Image, Base | None]],
    tags: Mapping[str, tuple[str, ...]],
) -> None:
    """Refuse to give the name of a released version to other bytes."""
    if source.version.startswith("0.0.0+") or PRODUCTION not in tags:
        return
    digest = found[PRODUCTION][0].digest
    try:
        before = registry.resolve(version_tag(source.version))
    except RegistryNotFoundError:
        return
    if before != digest:
        raise RegistryError(
            f"Version {source.version} is in the registry already, as {before}.",
            why=f"This build is {digest}: the base image or the builder has changed since.",
            next_step="Tag a new version; a released one is never replaced.",
        )
