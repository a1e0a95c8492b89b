"""The one solve: every target of a build, and what each starts from, given to buildx at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.core.references import TEMPORARY, architecture
from towpath.images import bake_commands as bake
from towpath.images import buildx as solving
from towpath.images import buildx_reader as reader
from towpath.images import cache
from towpath.images import dockerfile_reader as dockerfile
from towpath.images import index as join
from towpath.images import remote_builders as builders
from towpath.images.bake_commands import BakeTarget, index_annotations
from towpath.images.builder import Builder, here

# Where a push arrives; it names nothing that anybody asks for until it was read back.
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Order:
    """What is to be built: stages of the Dockerfile, for which platforms, with what.

    `wheels` is a directory of those that were made, empty where every dependency has one.
    """

    targets: tuple[str, ...]
    platforms: tuple[str, ...]
    arguments: Mapping[str, str]
    labels: Mapping[str, str]
    no_cache: bool = False
    shown: bool = False
    branch: str = ""
    wheels: str = ""


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

    @property
    def base(self) -> str:
        """The digest of the base of the first target; empty where none is known."""
        return next((digest for _, digest in self.bases.values()), "")


@dataclass(frozen=True)
class Part:
    """What one place built: the metadata that buildx wrote of it."""

    place: Builder
    metadata: str


def solve(workspace: Workspace, order: Order) -> Solved:
    """Build and push every target; the digests are those of the build's metadata.

    The base of a target is pushed beside it, unchanged: its layers are the lowest of the target's,
    and whoever reads the target back knows by them which are ours. Where several machines build,
    each solves its platforms at the same time as the others, and an index joins what they pushed.
    """
    bases = _bases(workspace, order.targets)
    names = _names(bases)
    with builders.places(workspace, order.platforms) as places:
        parts = _side_by_side(workspace, order, names, places)
        digests = _digests(workspace, order, names, parts)
    return Solved(
        {stage: digests[stage] for stage in order.targets},
        {
            stage: (base, digests[names[base]] if base in names else "")
            for stage, base in bases.items()
        },
        ", ".join(place.name for place in places),
        {
            stage: tuple(row for part in parts for row in reader.materials(part.metadata, stage))
            for stage in order.targets
        },
    )


def base(workspace: Workspace, order: Order) -> str:
    """Return the digest of the image that the first target of an order starts from."""
    bases = _bases(workspace, order.targets[:1])
    names, bare = _names(bases), replace(order, targets=())
    with builders.places(workspace, order.platforms) as places:
        digests = _digests(workspace, bare, names, _side_by_side(workspace, bare, names, places))
    return next(iter(digests.values()), "")


def keep(workspace: Workspace, order: Order, target: str) -> str:
    """Build one target into this machine's engine only, and return its name there.

    Raises ConfigurationError for more platforms than the engine can keep of one image.
    """
    name = f"{workspace.config.repository}:{target}"
    own = here(workspace, order.platforms)
    if own.builder and len(order.platforms) > 1:
        raise ConfigurationError(
            f"The engine keeps an image for one platform, not for {len(order.platforms)}.",
            why="It has no image store of containerd.",
            next_step="Name one platform with --platforms, or push: leave out --no-push.",
        )
    _run(workspace, order, {target: _target(workspace, order, target, name, push=False)}, own)
    return name


def _names(bases: Mapping[str, str]) -> dict[str, str]:
    """Return what each base is called that has to be pulled."""
    pulled = sorted(set(bases.values()) - {dockerfile.SCRATCH})
    return {image: f"base-{number}" for number, image in enumerate(pulled)}


def _side_by_side(
    workspace: Workspace, order: Order, names: Mapping[str, str], places: Sequence[Builder]
) -> list[Part]:
    """Let every place solve its platforms; the first error is raised when all have ended."""
    alone = len(places) == 1

    def solved(place: Builder) -> Part:
        mine = replace(order, platforms=place.platforms)
        word = "" if alone else f"-{_word(place)}"
        try:
            wanted = targets(workspace, mine, names, word)
            return Part(place, _run(workspace, mine, wanted, place, word))
        except CommandFailedError as error:
            raise _named(workspace, place, error) if place.elsewhere else error

    with ThreadPoolExecutor(len(places)) as pool:
        running = [pool.submit(solved, place) for place in places]
        try:
            return [row.result() for row in running]
        except KeyboardInterrupt:
            workspace.runner.stop()
            raise


def _named(workspace: Workspace, place: Builder, error: CommandFailedError) -> CommandFailedError:
    """Return the error of a build on another machine, with its name and what may differ there."""
    images = workspace.config.images
    own = f" {images.registry} is another registry there." if images.is_loopback else ""
    return solving.BuildFailedError(
        f"{place.name} could not build {', '.join(place.platforms)}: {error.what}",
        why=error.why,
        next_step="It has to reach the registry and the base images by their names here." + own,
        exit_codes=error.exit_codes if isinstance(error, solving.BuildFailedError) else frozenset(),
    )


def targets(
    workspace: Workspace, order: Order, names: Mapping[str, str], word: str
) -> dict[str, BakeTarget]:
    """Return all that one place builds; `word` tells apart what becomes a part of an index."""
    images = workspace.config.images
    found = {
        stage: _target(
            workspace, order, stage, images.tagged(f"{TEMPORARY}-{stage}{word}"), word=word
        )
        for stage in order.targets
    }
    return found | {
        name: BakeTarget(
            stage="",
            name=images.tagged(f"{TEMPORARY}-{name}{word}"),
            platforms=order.platforms,
            inline=f"FROM {base}\n",
        )
        for base, name in names.items()
    }


def _digests(
    workspace: Workspace, order: Order, names: Mapping[str, str], parts: Sequence[Part]
) -> dict[str, str]:
    """Return the digest of every target, and of every base by its name."""
    wanted = (*order.targets, *names.values())
    found = [(part.place, reader.built_digests(part.metadata, wanted)) for part in parts]
    if len(found) == 1:
        return found[0][1]
    said = {**dict.fromkeys(order.targets, order.labels), **dict.fromkeys(names.values(), {})}
    with workspace.terminal.step("Join what each machine pushed"):
        return {
            name: join.join(
                workspace,
                f"{TEMPORARY}-{name}",
                [(place, digests[name]) for place, digests in found],
                order.platforms,
                index_annotations(labels),
            )
            for name, labels in said.items()
        }


def _word(place: Builder) -> str:
    """Return what tells a place's tags and files from those of another."""
    return "_".join(name.rpartition("/")[2] for name in place.platforms)


def _target(
    workspace: Workspace, order: Order, stage: str, name: str, *, push: bool = True, word: str = ""
) -> BakeTarget:
    read, written = (
        cache.options(workspace, stage, order.branch, word.lstrip("-")) if push else ((), ())
    )
    return BakeTarget(
        cache_from=() if order.no_cache else read,
        cache_to=written,
        stage=stage,
        name=name,
        platforms=order.platforms,
        # Dependencies are installed for these alone.
        arguments={
            **order.arguments,
            "ARCHITECTURES": " ".join(map(architecture, order.platforms)),
        },
        labels=order.labels,
        ca_file=certificates(workspace.config.env),
        push=push,
        wheels=order.wheels,
        annotated=not word,
    )


def _run(
    workspace: Workspace,
    order: Order,
    targets: Mapping[str, BakeTarget],
    place: Builder,
    word: str = "",
) -> str:
    """Let buildx build there, and return the metadata that it wrote."""
    folder = workspace.config.reports / "build"
    folder.mkdir(parents=True, exist_ok=True)
    plan, metadata = (folder / f"{what}{word}.{os.getpid()}.json" for what in ("bake", "metadata"))
    argv = bake.bake(
        targets,
        definition_file=str(plan),
        metadata_file=str(metadata),
        builder=place.builder,
        no_cache=order.no_cache,
    )
    try:
        plan.write_text(bake.definition(targets))
        log = workspace.config.log(f"build{word}")
        env = {**bake.ENV, **place.env}
        solving.solve(workspace, argv, env=env, log=log, stream=order.shown, label=word.lstrip("-"))
        return metadata.read_text() if metadata.is_file() else ""
    finally:
        plan.unlink(missing_ok=True)
        metadata.unlink(missing_ok=True)


def _bases(workspace: Workspace, targets: tuple[str, ...]) -> dict[str, str]:
    """Return what each target starts from, as far as the Dockerfile says it."""
    file = workspace.config.root / "Dockerfile"
    found = {}
    for target in targets:
        try:
            found[target] = dockerfile.base_of(file.read_text(encoding="utf-8"), target)
        except (OSError, NothingToJudgeError) as error:
            workspace.terminal.warn(f"The base of {target} is not known: {error}")
    return found


def certificates(env: Mapping[str, str]) -> str:
    """Return the host's bundle of certificates: a company's own authority is only in there."""
    named = (env.get(name, "") for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    places = [*(Path(name) for name in named if name), BUNDLE]
    return next((str(place) for place in places if place.is_file()), "")
