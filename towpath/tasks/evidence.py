"""The evidence of a release, as Invoke tasks."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest
from towpath.tasks.context import entry, workspace

_IMAGE = "A digest or a tag; otherwise the image built last."


@task(help={"image": _IMAGE})
@entry
def show(_c: Context, image: str = "built") -> None:
    """Show what is known of an image: every statement that hangs on it."""
    from towpath.promotion import show as listing

    listing.show(workspace(), image)


@task(help={"image": _IMAGE, "stage": "Where it would go: test or release."})
@entry
def verify(_c: Context, image: str = "built", stage: str = "test") -> None:
    """Judge an image by the evidence in the registry, and move nothing; exit 7 if it may not."""
    from towpath.promotion import promote
    from towpath.promotion.availability import NEEDED
    from towpath.registry import image as registry

    if stage not in NEEDED:
        raise ConfigurationError(
            f"Nothing is promoted to {stage!r}.{nearest(stage, NEEDED)}",
            why=f"--stage takes {' and '.join(NEEDED)}.",
        )
    found = workspace()
    client = registry.client(found)
    held = registry.image(client, promote.resolve(client, image))
    candidate = promote.assess(found, client, stage, held)
    promote.refuse(candidate, stage)
    unproven = ", ".join(candidate.availability.unproven)
    found.terminal.say(
        f"{candidate.release.version} may move to {stage}"
        + (f"; unproven: {unproven}." if unproven else ".")
    )


@task(
    positional=["file"],
    help={
        "file": "Where to write the statements.",
        "stages": "Those that this job has run, as in lint,tests.",
    },
)
@entry
def export(_c: Context, file: str, stages: str) -> None:
    """Write what this job's stages say into one file for the next job; its sha256 is shown."""
    from pathlib import Path

    from towpath.evidence import exchange

    found = workspace()
    found.terminal.data(exchange.export(found, Path(file), exchange.names(stages)))


@task(
    name="import",
    positional=["file"],
    help={
        "file": "What `invoke evidence.export` wrote in another job.",
        "stages": "Those that the other job had to run; it may speak of no other.",
        "commit": "That the CI run is for, as in $GITHUB_SHA.",
        "sha256": "Of the file, as the CI system passed it on.",
    },
)
@entry
def import_(_c: Context, file: str, stages: str, commit: str, sha256: str) -> None:
    """Take another job's evidence, if it is whole and about this commit; an image is named."""
    from pathlib import Path

    from towpath.evidence import exchange

    found = workspace()
    wanted = exchange.names(stages)
    rows = exchange.import_statements(found, Path(file), wanted, commit=commit, sha256=sha256)
    digests = {row.subject.digest["sha256"] for row in rows if "sha256" in row.subject.digest}
    for digest in digests:
        found.terminal.data(f"sha256:{digest}")
