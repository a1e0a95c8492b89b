"""The one solve: every target of a build, and what each starts from, given to buildx at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from towpath.commands import bake, buildx
from towpath.commands.bake import Target
from towpath.errors import NothingToJudgeError
from towpath.flows import cache
from towpath.flows.session import Session
from towpath.readers import buildx as reader
from towpath.readers import dockerfile

BUILDER = "towpath"
# Where a push arrives; it names nothing that anybody asks for until it was read back.
ARRIVAL = "building"
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Order:
    """What is to be built: stages of the Dockerfile, for which platforms, with what."""

    targets: tuple[str, ...]
    platforms: tuple[str, ...]
    arguments: Mapping[str, str]
    labels: Mapping[str, str]
    no_cache: bool = False
    shown: bool = False
    branch: str = ""


@dataclass(frozen=True)
class Solved:
    """What buildx says that it built: a digest of each target, and of the base of each.

    `bases` maps a target to the name and the digest of its base as this registry holds it; a
    target whose base is not known is not there, and `scratch` has no digest.
    """

    digests: Mapping[str, str]
    bases: Mapping[str, tuple[str, str]]
    builder: str
    materials: Mapping[str, tuple[Mapping[str, object], ...]]


def solve(session: Session, order: Order) -> Solved:
    """Build and push every target; the digests are those of the build's metadata.

    The base of a target is pushed beside it, unchanged: its layers are the lowest of the target's,
    and whoever reads the target back knows by them which are ours.
    """
    images = session.config.images
    bases = _bases(session, order.targets)
    pulled = sorted(set(bases.values()) - {dockerfile.SCRATCH})
    names = {base: f"base-{number}" for number, base in enumerate(pulled)}
    targets = {
        stage: _target(session, order, stage, images.tagged(f"{ARRIVAL}-{stage}"))
        for stage in order.targets
    } | {
        name: Target(
            stage="",
            name=images.tagged(f"{ARRIVAL}-{name}"),
            platforms=order.platforms,
            inline=f"FROM {base}\n",
        )
        for base, name in names.items()
    }
    builder, metadata = _run(session, order, targets)
    digests = reader.built_digests(metadata, targets)
    return Solved(
        {stage: digests[stage] for stage in order.targets},
        {
            stage: (base, digests[names[base]] if base in names else "")
            for stage, base in bases.items()
        },
        builder or "docker",
        {stage: reader.materials(metadata, stage) for stage in order.targets},
    )


def keep(session: Session, order: Order, target: str) -> str:
    """Build one target into the engine only, and return its name there."""
    name = f"{session.config.repository}:{target}"
    _run(session, order, {target: _target(session, order, target, name, push=False)})
    return name


def builder(session: Session) -> str:
    """Return the builder to use: none where the engine itself builds for several platforms.

    Elsewhere a builder in a container is made once and used from then on.
    """
    if reader.has_image_store(session.runner.run(buildx.info()).stdout):
        return ""
    if not session.runner.run(buildx.inspect_builder(BUILDER), check=False).ok:
        session.runner.run(buildx.create_builder(BUILDER))
    return BUILDER


def _target(session: Session, order: Order, stage: str, name: str, *, push: bool = True) -> Target:
    read, written = cache.options(session, stage, order.branch) if push else ((), ())
    return Target(
        cache_from=() if order.no_cache else read,
        cache_to=written,
        stage=stage,
        name=name,
        platforms=order.platforms,
        arguments=order.arguments,
        labels=order.labels,
        ca_file=certificates(session.config.env),
        push=push,
    )


def _run(session: Session, order: Order, targets: Mapping[str, Target]) -> tuple[str, str]:
    """Let buildx build; return the builder that did it and the metadata that it wrote."""
    folder = session.config.reports / "build"
    folder.mkdir(parents=True, exist_ok=True)
    plan, metadata = (folder / f"{what}.{os.getpid()}.json" for what in ("bake", "metadata"))
    chosen = builder(session)
    argv = bake.bake(
        targets,
        definition_file=str(plan),
        metadata_file=str(metadata),
        builder=chosen,
        no_cache=order.no_cache,
    )
    try:
        plan.write_text(bake.definition(targets))
        log = session.config.reports / "logs" / "build.log"
        session.runner.run(argv, env=bake.ENV, log=log, stream=order.shown)
        return chosen, metadata.read_text() if metadata.is_file() else ""
    finally:
        plan.unlink(missing_ok=True)
        metadata.unlink(missing_ok=True)


def _bases(session: Session, targets: tuple[str, ...]) -> dict[str, str]:
    """Return what each target starts from, as far as the Dockerfile says it."""
    file = session.config.root / "Dockerfile"
    found = {}
    for target in targets:
        try:
            found[target] = dockerfile.base_of(file.read_text(encoding="utf-8"), target)
        except (OSError, NothingToJudgeError) as error:
            session.terminal.warn(f"The base of {target} is not known: {error}")
    return found


def certificates(env: Mapping[str, str]) -> str:
    """Return the host's bundle of certificates: a company's own authority is only in there."""
    named = (env.get(name, "") for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    places = [*(Path(name) for name in named if name), BUNDLE]
    return next((str(place) for place in places if place.is_file()), "")
