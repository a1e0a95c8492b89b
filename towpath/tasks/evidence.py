"""Invoke tasks for the evidence of a release."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest
from towpath.tasks.context import entry, workspace

_IMAGE = "A digest or a tag; default: the image that was built last."


@task(help={"image": _IMAGE})
@entry
def show(_c: Context, image: str = "built") -> None:
    """Show all statements that are attached to an image."""
    from towpath.promotion import show as listing

    listing.show(workspace(), image)


@task(help={"image": _IMAGE, "stage": "Stage to evaluate it for: test or release."})
@entry
def verify(_c: Context, image: str = "built", stage: str = "test") -> None:
    """Check whether an image could be promoted, and move nothing; exit 7 if it could not."""
    from towpath.promotion import promote
    from towpath.promotion.availability import NEEDED
    from towpath.registry import image as registry

    if stage not in NEEDED:
        raise ConfigurationError(
            f"Cannot promote to {stage!r}.{nearest(stage, NEEDED)}",
            why=f"--stage takes {' and '.join(NEEDED)}.",
        )
    found = workspace()
    client = registry.client(found)
    held = registry.image(client, promote.resolve(client, image))
    candidate = promote.assess(found, client, stage, held)
    promote.refuse(candidate, stage)
    not_evaluated = ", ".join(candidate.availability.not_evaluated)
    found.terminal.say(
        f"{candidate.release.version} can be promoted to {stage}"
        + (f"; not evaluated: {not_evaluated}." if not_evaluated else ".")
    )


@task(
    positional=["file"],
    help={
        "file": "File to write the statements to.",
        "stages": "Stages that this job has run, as in lint,tests.",
    },
)
@entry
def export(_c: Context, file: str, stages: str) -> None:
    """Write this job's statements to a file for the next job, and print the file's sha256."""
    from pathlib import Path

    from towpath.evidence import exchange

    found = workspace()
    found.terminal.data(exchange.export(found, Path(file), exchange.parse_stages(stages)))


@task(
    name="import",
    positional=["file"],
    help={
        "file": "File that `invoke evidence.export` wrote in another job.",
        "stages": "Stages that the other job had to run; the file must have these and no others.",
        "commit": "Commit that the CI run is for, as in $GITHUB_SHA.",
        "sha256": "sha256 of the file, as passed on by the CI system.",
    },
)
@entry
def import_(_c: Context, file: str, stages: str, commit: str, sha256: str) -> None:
    """Import another job's evidence if it is complete and about this commit; print its image."""
    from pathlib import Path

    from towpath.evidence import exchange

    found = workspace()
    wanted = exchange.parse_stages(stages)
    rows = exchange.import_statements(found, Path(file), wanted, commit=commit, sha256=sha256)
    digests = {row.subject.digest["sha256"] for row in rows if "sha256" in row.subject.digest}
    for digest in digests:
        found.terminal.data(f"sha256:{digest}")
