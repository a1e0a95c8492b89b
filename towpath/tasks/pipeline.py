"""The Invoke task of the whole pipeline."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest
from towpath.tasks.context import entry, with_engine, workspace


@task(
    help={
        "to": "How far to go: scan, test or release. In CI the branch or tag sets the limit.",
        "fresh": "Run every stage, even if its evidence is still valid.",
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
            f"--to is {to!r}, where no run of the pipeline can end.{nearest(to, REACHES)}",
            next_step=f"Use one of {', '.join(REACHES)}, or leave out --to.",
        )
    flow.pipeline(workspace(verbose=verbose), engine=with_engine, to=to, fresh=fresh)
