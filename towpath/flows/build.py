"""Build the image for every platform, push it, read it back, and only then move its tags."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from towpath.clients.registry import RegistryClient
from towpath.commands import buildx
from towpath.errors import (
    ConfigurationError,
    NothingToJudgeError,
    RegistryError,
    RegistryNotFoundError,
)
from towpath.evidence import Statement, Subject
from towpath.flows import registry as registries
from towpath.flows import source as sources
from towpath.flows import stages
from towpath.flows.registry import Image
from towpath.flows.session import Session
from towpath.flows.source import Source
from towpath.images import nearest, version_tag
from towpath.readers import buildx as reader

TARGETS = ("production", "testing", "development")
BUILDER = "towpath"
# Where a push arrives; it names nothing that anybody asks for until it was read back.
ARRIVAL = "building"
BUILT = "built"
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Built:
    """What a build left in the registry. Sizes are compressed bytes, keyed by platform."""

    digest: str
    version: str
    platforms: tuple[str, ...]
    sizes: Mapping[str, int]
    tags: tuple[str, ...]
    seconds: float

    @property
    def image_size(self) -> int:
        """The compressed size of the largest platform, in bytes."""
        return max(self.sizes.values(), default=0)


def build(
    session: Session,
    source: Source,
    *,
    platforms: tuple[str, ...],
    target: str = "production",
    no_cache: bool = False,
) -> Built:
    """Build and push; the digest comes from the build's metadata and is read back.

    Tags move last: `<version>` and `built` of production, `<target>` of the others. Raises
    RegistryError if the registry does not hold what was pushed.
    """
    started = time.monotonic()
    _known(target)
    registry = registries.client(session)
    registry.ping()
    where = session.config.images.tagged(ARRIVAL)
    with session.terminal.step(f"Build {target} for {', '.join(platforms)}"):
        digest = _run(
            session, source, platforms=platforms, target=target, name=where, no_cache=no_cache
        )
    with session.terminal.step("Read back every platform"):
        image = _read_back(registry, digest, platforms)
    tags = (version_tag(source.version), BUILT) if target == "production" else (target,)
    _refuse_another(registry, source, digest, tags)
    for tag in tags:
        registry.put_manifest(tag, image.index)
    seconds = time.monotonic() - started
    return Built(digest, source.version, tuple(image.platforms), image.sizes, tags, seconds)


def keep(
    session: Session,
    source: Source,
    *,
    platforms: tuple[str, ...],
    target: str = "production",
    no_cache: bool = False,
) -> str:
    """Build into the engine only and return the image's name there; nothing is promised of it."""
    _known(target)
    name = f"{session.config.repository}:{target}"
    with session.terminal.step(f"Build {target} for {', '.join(platforms)}, without a push"):
        _run(
            session,
            source,
            platforms=platforms,
            target=target,
            name=name,
            no_cache=no_cache,
            push=False,
        )
    return name


def facts(source: Source, built: Built, asked: tuple[str, ...]) -> dict[str, Any]:
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
    }


def inputs(session: Session, source: Source, platforms: tuple[str, ...]) -> str:
    """Return what a production build depends on, but for the base image behind its tag."""
    config = session.config
    return stages.inputs_of(source, "build", config.registry, config.repository, *platforms)


def record(
    session: Session,
    source: Source,
    built: Built,
    asked: tuple[str, ...],
    *,
    started: dt.datetime,
) -> Statement:
    """Write the build's statement about the digest and return it."""
    return stages.record(
        session,
        "build",
        Subject.image(session.config.repository, built.digest),
        facts(source, built, asked),
        inputs=inputs(session, source, asked),
        started=started,
        duration=built.seconds,
    )


def builder(session: Session) -> str:
    """Return the builder to use: none where the engine itself builds for several platforms.

    Elsewhere a builder in a container is made once and used from then on.
    """
    if reader.has_image_store(session.runner.run(buildx.info()).stdout):
        return ""
    if not session.runner.run(buildx.inspect_builder(BUILDER), check=False).ok:
        session.runner.run(buildx.create_builder(BUILDER))
    return BUILDER


def arguments(session: Session, source: Source) -> dict[str, str]:
    """Return the build arguments: all of them follow from the commit, none from the day."""
    return {
        "SOURCE_DATE_EPOCH": str(source.epoch),
        "VERSION": source.version,
        "COMMIT": source.commit,
        "TREE": source.tree,
        "DIRTY": str(source.dirty).lower(),
        "CREATED": stages.stamp(dt.datetime.fromtimestamp(source.epoch, dt.UTC)),
        "SOURCE": source.remote,
        "TITLE": session.config.name,
    }


def _run(
    session: Session,
    source: Source,
    *,
    platforms: tuple[str, ...],
    target: str,
    name: str,
    no_cache: bool,
    push: bool = True,
) -> str:
    metadata = session.config.reports / "build" / f"{target}.{os.getpid()}.json"
    metadata.parent.mkdir(parents=True, exist_ok=True)
    argv = buildx.build(
        platforms=platforms,
        target=target,
        name=name,
        metadata_file=str(metadata),
        push=push,
        arguments=arguments(session, source),
        ca_file=_certificates(session.config.env),
        builder=builder(session),
        no_cache=no_cache,
    )
    try:
        session.runner.run(argv, log=session.config.reports / "logs" / "build.log")
        _unchanged(session, source)
        return reader.built_digest(metadata.read_text()) if push else ""
    finally:
        metadata.unlink(missing_ok=True)


def _unchanged(session: Session, source: Source) -> None:
    """Refuse an image whose files changed while it was built: no tree would speak of it."""
    if sources.read(session).tree != source.tree:
        raise NothingToJudgeError(
            "Files changed while the image was built.",
            why="The image may hold some of before and some of after.",
            next_step="Run `invoke build` again.",
        )


def _read_back(registry: RegistryClient, digest: str, platforms: tuple[str, ...]) -> Image:
    try:
        image = registries.image(registry, digest)
    except RegistryNotFoundError as error:
        raise RegistryError(
            f"The build ended well, and {registry.repository} does not hold {digest}.",
            why=error.what,
            next_step="Run `invoke build` again; no tag was moved.",
        ) from error
    missing = set(platforms) - set(image.platforms)
    if missing:
        raise RegistryError(
            f"{digest} lacks {', '.join(sorted(missing))}.",
            why=f"It has {', '.join(image.platforms) or 'no platform'}.",
            next_step="Run `invoke build` again; no tag was moved.",
        )
    return image


def _refuse_another(
    registry: RegistryClient, source: Source, digest: str, tags: tuple[str, ...]
) -> None:
    """Refuse to give the name of a released version to other bytes."""
    if source.version.startswith("0.0.0+") or BUILT not in tags:
        return
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


def _known(target: str) -> None:
    if target not in TARGETS:
        raise ConfigurationError(
            f"Unknown target {target!r}.{nearest(target, TARGETS)}",
            why=f"The Dockerfile has {', '.join(TARGETS)}.",
        )


def _certificates(env: Mapping[str, str]) -> str:
    """Return the host's bundle of certificates: a company's own authority is only in there."""
    named = (env.get(name, "") for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    places = [*(Path(name) for name in named if name), BUNDLE]
    return next((str(place) for place in places if place.is_file()), "")
