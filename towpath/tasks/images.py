"""Invoke tasks to build, scan and promote images."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry, with_engine, workspace

_VERBOSE = "Show every command and what it prints."
_DIGEST = "Digest of the image; default: the one with the tag of the previous stage."


@task(
    help={
        "platforms": "As in amd64,arm64; default: those in pyproject.toml.",
        "target": "production, testing or development, several of them, or all.",
        "push": "Push to the registry; with --no-push the image stays in the engine.",
        "no_cache": "Build every step again, without the cache.",
        "tag": "Additional tag for the image.",
        "progress": "plain shows the builder's output; otherwise it is in reports/logs.",
        "verbose": _VERBOSE,
    }
)
@entry
def build(
    _c: Context,
    platforms: str = "",
    target: str = "production",
    push: bool = True,
    no_cache: bool = False,
    tag: str = "",
    progress: str = "quiet",
    verbose: bool = False,
) -> None:
    """Build the image for every platform, push it, and read it back."""
    from towpath.core import references as images
    from towpath.evidence import record as stages
    from towpath.images import build as flow
    from towpath.images import options as names
    from towpath.images import stages as dockerfile_stages
    from towpath.pipeline import first_image
    from towpath.source import snapshot as source

    asked = images.platforms(platforms) if platforms else ()
    flags = names.flags(target, tag=tag, push=push, progress=progress)
    found = workspace(verbose=verbose)
    asked = asked or found.config.platforms
    targets = dockerfile_stages.selected(found, flags)
    found = with_engine(found)
    started, made_of = stages.now(), source.read_source(found)
    if not push:
        name = flow.build_locally(
            found,
            made_of,
            platforms=asked,
            target=targets[0],
            no_cache=no_cache,
            shown=flags.shown,
        )
        found.terminal.data(name)
        return
    found, made_of, built = first_image.build_all(
        found,
        made_of,
        platforms=asked,
        targets=targets,
        tag=tag,
        no_cache=no_cache,
        shown=flags.shown,
    )
    flow.show(found, built)
    if row := built.get(names.PRODUCTION):
        stages.raise_for(flow.record(found, made_of, row, asked, started=started))


@task(
    help={
        "digest": "Digest of the image; default: the one that was built last.",
        "verbose": _VERBOSE,
    }
)
@entry
def scan(_c: Context, digest: str = "", verbose: bool = False) -> None:
    """Scan every platform of the image in the registry for known vulnerabilities."""
    from towpath.core.references import BUILT
    from towpath.evidence import record as stages
    from towpath.promotion import promote
    from towpath.registry import image as registry
    from towpath.scanning import result as scanned
    from towpath.scanning import scan as flow
    from towpath.scanning import trivy

    found = workspace(verbose=verbose)
    found = with_engine(found) if trivy.wants_engine(found) else found
    started = stages.now()
    chosen = promote.resolve(registry.client(found), digest or BUILT)
    result = flow.scan(found, chosen)
    scanned.show(found, result)
    statement = flow.record(found, result, started=started)
    stages.raise_for(statement)


@task(help={"digest": _DIGEST, "verbose": _VERBOSE})
@entry
def promote_test(_c: Context, digest: str = "", verbose: bool = False) -> None:
    """Promote a built image to test, if its evidence allows it."""
    _promote("test", digest, verbose)


@task(help={"digest": _DIGEST, "verbose": _VERBOSE})
@entry
def promote_release(_c: Context, digest: str = "", verbose: bool = False) -> None:
    """Promote a tested image to release; only in CI, and only if every gate passed."""
    _promote("release", digest, verbose)


def _promote(stage: str, digest: str, verbose: bool) -> None:
    from towpath.pipeline import by_hand, notifications
    from towpath.promotion import promote as flow

    found = workspace(verbose=verbose)
    with by_hand.recorded(found, notifications.promotion(stage)) as record:
        with record.stage(f"promote-{stage}", tag=stage) as fields:
            promoted = flow.promote(found, stage, digest)
            fields |= {"digest": promoted.digest}
        record.release(promoted.digest, promoted.version)
    if promoted.not_evaluated:
        found.terminal.warn(f"not evaluated: {', '.join(promoted.not_evaluated)}")
    found.terminal.say(f"{promoted.version} now has the tag {promoted.tag}.")
    found.terminal.data(found.config.images.at(promoted.digest))
