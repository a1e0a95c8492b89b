"""The whole chain, as an Invoke task."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest
from towpath.tasks.context import entry, with_engine, workspace


@task(
    help={
        "to": "How far: scan, test or release. In CI the branch or tag is the limit.",
        "fresh": "Run every stage, also those whose evidence still holds.",
        "verbose": "Show every command and what it prints.",
    }
)
@entry
def pipeline(_c: Context, to: str = "", fresh: bool = False, verbose: bool = False) -> None:
    """Check, test, build, scan, promote, deploy, verify and report."""
    from towpath.config import REACHES
    from towpath.pipeline import pipeline as flow

    if to and to not in REACHES:
        raise ConfigurationError(
            f"A run cannot go to {to!r}.{nearest(to, REACHES)}",
            why=f"--to takes {', '.join(REACHES)}.",
        )
    flow.pipeline(workspace(verbose=verbose), engine=with_engine, to=to, fresh=fresh)
