"""Build every target, and the base image of each, with one `buildx bake`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.core.references import TEMPORARY, architecture
from towpath.engine import optional_images
from towpath.images import bake_commands as bake
from towpath.images import buildx
from towpath.images import buildx_reader as reader
from towpath.images import cache
from towpath.images import dockerfile_reader as dockerfile
from towpath.images import index, remote_builders
from towpath.images.bake_commands import BakeTarget, index_annotations
from towpath.images.builder import Builder, here
from towpath.images.options import PRODUCTION
from towpath.rendering import files

# The certificate bundle of Debian and its relatives.
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Order:
    """What to build: stages of the Dockerfile (`targets`), for which platforms, with what.

    With `shown`, the builder's output is streamed to the terminal. `branch` selects the build
    cache in the registry. `wheels` is a directory of wheels that were built for dependencies
    without one; it is empty where every dependency has a wheel. `log` is the name of the log file.
    """

    targets: tuple[str, ...]
    platforms: tuple[str, ...]
    arguments: Mapping[str, str]
    labels: Mapping[str, str]
    no_cache: bool = False
    shown: bool = False
    branch: str = ""
    wheels: str = ""
    log: str = "build"


@dataclass(frozen=True)
class Solved:
    """What buildx built: the digest of each target, and the base image of each.

    `bases` maps a target to the name and the digest of its base image in this registry; a target
    whose base image is unknown is missing, and `scratch` has an empty digest. `materials` are the
    inputs of each target as buildx's own provenance lists them.
    """

    digests: Mapping[str, str]
    bases: Mapping[str, tuple[str, str]]
    builder: str
    materials: Mapping[str, tuple[Mapping[str, object], ...]]

    @property
    def base(self) -> str:
        """The digest of the first known base image; empty where none is known."""
        return next((digest for _, digest in self.bases.values()), "")


@dataclass(frozen=True)
class Part:
    """What one builder built: the metadata file that buildx wrote, as text."""

    builder: Builder
    metadata: str


def solve(workspace: Workspace, order: Order) -> Solved:
    """Build and push every target; the digests are those of the build's metadata.

    The base image of a target is pushed beside it, unchanged: its layers are the lowest of the
    target's, so that reading the target back shows which layers this build added. Where several
    machines build, they build at the same time, and an index joins what they pushed.

    Raises CommandFailedError for a failed build, ConfigurationError for a builder that is not set
    up, NothingToJudgeError for unreadable build metadata, and RegistryError.
    """
    bases = _bases(workspace, order.targets)
    names = _names(bases)
    with remote_builders.ready_builders(workspace, order.platforms) as builders:
        parts = _build_in_parallel(workspace, order, names, builders)
        digests = _digests(workspace, order, names, parts)
    return Solved(
        {stage: digests[stage] for stage in order.targets},
        {
            stage: (base, digests[names[base]] if base in names else "")
            for stage, base in bases.items()
        },
        ", ".join(builder.name for builder in builders),
        {
            stage: tuple(row for part in parts for row in reader.materials(part.metadata, stage))
            for stage in order.targets
        },
    )


def base(workspace: Workspace, order: Order) -> str:
    """Return the digest of the base image of the first target of an order.

    Raises CommandFailedError if it cannot be copied into the registry.
    """
    bases = _bases(workspace, order.targets[:1])
    names, bare = _names(bases), replace(order, targets=())
    with remote_builders.ready_builders(workspace, order.platforms) as builders:
        parts = _build_in_parallel(workspace, bare, names, builders)
        digests = _digests(workspace, bare, names, parts)
    return next(iter(digests.values()), "")


def build_locally(
    workspace: Workspace, order: Order, target: str, tag: str = "", *, dockerfile: str = ""
) -> str:
    """Build one target into the local Docker engine only, and return its name there.

    `tag` is that of the image, by default the target's name. The last stage of a text `dockerfile`
    is built in the place of the target of the project's.
    Raises ConfigurationError for several platforms on an engine without containerd's image store,
    and CommandFailedError for a failed build.
    """
    name = f"{workspace.config.repository}:{tag or target}"
    own = here(workspace, order.platforms)
    if own.builder and len(order.platforms) > 1:
        raise ConfigurationError(
            "This Docker engine can store an image for one platform only, and "
            f"{len(order.platforms)} were asked for.",
            why="It does not use the containerd image store.",
            next_step=(
                "Choose one platform with --platforms, or push the image: leave out --no-push."
            ),
        )
    row = _target(workspace, order, target, name, push=False)
    _run(workspace, order, {target: replace(row, inline=dockerfile) if dockerfile else row}, own)
    return name


def _names(bases: Mapping[str, str]) -> dict[str, str]:
    """Return a target name for each base image that has to be pulled."""
    pulled = sorted(set(bases.values()) - {dockerfile.SCRATCH})
    return {image: f"base-{number}" for number, image in enumerate(pulled)}


def _build_in_parallel(
    workspace: Workspace, order: Order, names: Mapping[str, str], builders: Sequence[Builder]
) -> list[Part]:
    """Let every builder build its platforms; the first error is raised when all have ended."""
    is_only = len(builders) == 1

    def built(builder: Builder) -> Part:
        own_order = replace(order, platforms=builder.platforms)
        suffix = "" if is_only else f"-{_suffix(builder)}"
        try:
            definitions = targets(workspace, own_order, names, suffix)
            return Part(builder, _run(workspace, own_order, definitions, builder, suffix))
        except CommandFailedError as error:
            raise _remote_failure(workspace, builder, error) if builder.elsewhere else error

    with ThreadPoolExecutor(len(builders)) as pool:
        running = [pool.submit(built, builder) for builder in builders]
        try:
            return [future.result() for future in running]
        except KeyboardInterrupt:
            workspace.runner.stop()
            raise


def _remote_failure(
    workspace: Workspace, builder: Builder, error: CommandFailedError
) -> CommandFailedError:
    """Return the error of a build on another machine, with its name and what may differ there."""
    images = workspace.config.images
    own = f" There, {images.registry} is a different registry." if images.is_loopback else ""
    return buildx.BuildFailedError(
        f"Build of {', '.join(builder.platforms)} failed on {builder.name}: {error.what}",
        why=error.why,
        next_step="Check that it can reach the registry and the base images by the same names."
        + own,
        exit_codes=error.exit_codes if isinstance(error, buildx.BuildFailedError) else frozenset(),
    )


def targets(
    workspace: Workspace, order: Order, names: Mapping[str, str], suffix: str
) -> dict[str, BakeTarget]:
    """Return all targets of one builder.

    `names` maps a base image to its target; `suffix` tells apart the parts of a joined index.
    Raises ConfigurationError for an invalid value of TOWPATH_CACHE.
    """
    images = workspace.config.images
    stages = {
        stage: _target(
            workspace, order, stage, images.tagged(f"{TEMPORARY}-{stage}{suffix}"), suffix=suffix
        )
        for stage in order.targets
    }
    return stages | {
        name: BakeTarget(
            stage="",
            name=images.tagged(f"{TEMPORARY}-{name}{suffix}"),
            platforms=order.platforms,
            inline=f"FROM {base}\n",
        )
        for base, name in names.items()
    }


def _digests(
    workspace: Workspace, order: Order, names: Mapping[str, str], parts: Sequence[Part]
) -> dict[str, str]:
    """Return the digest of every target, and of every base image by its target name."""
    wanted = (*order.targets, *names.values())
    built = [(part.builder, reader.built_digests(part.metadata, wanted)) for part in parts]
    if len(built) == 1:
        return built[0][1]
    labels_by_name = {
        **dict.fromkeys(order.targets, order.labels),
        **dict.fromkeys(names.values(), {}),
    }
    with workspace.terminal.step("Create an index of the images from each builder"):
        return {
            name: index.join(
                workspace,
                f"{TEMPORARY}-{name}",
                [(builder, digests[name]) for builder, digests in built],
                order.platforms,
                index_annotations(labels),
            )
            for name, labels in labels_by_name.items()
        }


def _suffix(builder: Builder) -> str:
    """Return what distinguishes a builder's tags and files from those of another."""
    return "_".join(name.rpartition("/")[2] for name in builder.platforms)


def _target(
    workspace: Workspace,
    order: Order,
    stage: str,
    name: str,
    *,
    push: bool = True,
    suffix: str = "",
) -> BakeTarget:
    read, written = (
        cache.options(workspace, stage, order.branch, suffix.lstrip("-")) if push else ((), ())
    )
    build = files.build_files(workspace)
    return BakeTarget(
        cache_from=() if order.no_cache else read,
        cache_to=written,
        stage=stage_of(workspace, stage),
        dockerfile=build.dockerfile,
        name=name,
        platforms=order.platforms,
        # The Dockerfile installs dependencies for these architectures only.
        arguments={
            **order.arguments,
            "ARCHITECTURES": " ".join(map(architecture, order.platforms)),
        },
        labels=order.labels,
        ca_file=certificates(workspace.config.env),
        push=push,
        wheels=order.wheels,
        annotated=not suffix,
    )


def _run(
    workspace: Workspace,
    order: Order,
    targets: Mapping[str, BakeTarget],
    builder: Builder,
    suffix: str = "",
) -> str:
    """Run `buildx bake` on a builder, and return the metadata that it wrote."""
    folder = workspace.config.reports / "build"
    folder.mkdir(parents=True, exist_ok=True)
    plan, metadata = (
        folder / f"{what}{suffix}.{os.getpid()}.json" for what in ("bake", "metadata")
    )
    argv = bake.bake(
        targets,
        definition_file=str(plan),
        metadata_file=str(metadata),
        builder=builder.builder,
        no_cache=order.no_cache,
    )
    try:
        plan.write_text(bake.definition(targets))
        log = workspace.config.log(f"{order.log}{suffix}")
        env = {**bake.ENV, **builder.env}
        label = suffix.lstrip("-")
        buildx.solve(workspace, argv, env=env, log=log, stream=order.shown, label=label)
        return metadata.read_text() if metadata.is_file() else ""
    finally:
        plan.unlink(missing_ok=True)
        metadata.unlink(missing_ok=True)


def _bases(workspace: Workspace, targets: tuple[str, ...]) -> dict[str, str]:
    """Return the base image of each target, as far as the Dockerfile determines it."""
    file = workspace.config.root / files.build_files(workspace).dockerfile
    bases = {}
    for target in targets:
        try:
            stage = stage_of(workspace, target)
            bases[target] = dockerfile.base_of(file.read_text(encoding="utf-8"), stage)
        except (OSError, NothingToJudgeError) as error:
            workspace.terminal.warn(f"Cannot determine the base image of {target}: {error}")
    return bases


def provide_bases(workspace: Workspace) -> None:
    """Let the embedded engine have the images that the Dockerfile starts from.

    Raises EngineAbsentError for one that it cannot have, CommandFailedError if one cannot be built.
    """
    build = files.build_files(workspace)
    text = (workspace.config.root / build.dockerfile).read_text(encoding="utf-8", errors="replace")
    named = dockerfile.images_of(text)
    if build.is_own:
        # Whether a stage is needed at all is not known here: the build itself names what it lacks.
        named = tuple(name for name in named if name in optional_images.known_images())
    optional_images.provide(workspace.config.env, workspace.runner, workspace.terminal, named)


def stage_of(workspace: Workspace, target: str) -> str:
    """Return the stage of the Dockerfile that a target of ours is.

    The project may name its own; without a name it is the last one of a Dockerfile of its own, as
    for `docker build`. Raises NothingToJudgeError for a Dockerfile that cannot be read.
    """
    image = workspace.config.image
    if target != PRODUCTION:
        return target
    if image.target or not image.dockerfile:
        return image.target or target
    text = (workspace.config.root / image.dockerfile).read_text(encoding="utf-8", errors="replace")
    names = [row.name for row in dockerfile.stages(text)]
    return target if target in names or not names else names[-1]


def certificates(env: Mapping[str, str]) -> str:
    """Return the path of the host's certificate bundle, or ""; it has a company's own authority."""
    named = (env.get(name, "") for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    files = [*(Path(name) for name in named if name), BUNDLE]
    return next((str(file) for file in files if file.is_file()), "")
