"""The evidence of a release, as Invoke tasks."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.errors import ConfigurationError
from towpath.images import nearest
from towpath.tasks.entry import entry, session

_IMAGE = "A digest or a tag; otherwise the image built last."


@task(help={"image": _IMAGE})
@entry
def show(_c: Context, image: str = "built") -> None:
    """Show what is known of an image: every statement that hangs on it."""
    from towpath.flows import listing

    listing.show(session(), image)


@task(help={"image": _IMAGE, "stage": "Where it would go: test or release."})
@entry
def verify(_c: Context, image: str = "built", stage: str = "test") -> None:
    """Judge an image by the evidence in the registry, and move nothing; exit 7 if it may not."""
    from towpath.flows import promote, registry
    from towpath.promotion import NEEDED

    if stage not in NEEDED:
        raise ConfigurationError(
            f"Nothing is promoted to {stage!r}.{nearest(stage, NEEDED)}",
            why=f"--stage takes {' and '.join(NEEDED)}.",
        )
    found = session()
    client = registry.client(found)
    held = registry.image(client, promote.resolve(client, image))
    candidate = promote.assess(found, client, stage, held)
    promote.refuse(candidate, stage)
    unproven = ", ".join(candidate.availability.unproven)
    found.terminal.say(
        f"{candidate.release.version} may move to {stage}"
        + (f"; unproven: {unproven}." if unproven else ".")
    )
