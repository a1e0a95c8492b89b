"""Invoke tasks for the gates and their verdicts."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry, workspace


@task(name="list")
@entry
def list_(_c: Context) -> None:
    """List every gate: code, stage, rule and meaning."""
    from towpath.gates import table

    tools = workspace()
    tools.terminal.table(
        "Gates",
        ("gate", "stage", "rule", "meaning"),
        [
            (
                row.code,
                row.stage,
                f"{row.fact} {row.direction} {row.limit:g}{row.unit}",
                row.meaning,
            )
            for row in table(tools.config.limits)
        ],
    )


@task(help={"stage": "Only this stage; default: every stage that a release needs."})
@entry
def check(_c: Context, stage: str = "") -> None:
    """Show every verdict in the evidence on disk; exit 4 if a gate failed, 3 if one is missing."""
    from towpath.promotion import verdicts

    verdicts.check(workspace(), stage)


@task(help={"update": "Also lower recorded values that are better today; in CI they are shown."})
@entry
def baseline(_c: Context, update: bool = False) -> None:
    """Record today's values of the checks that ran, which from then on may not get worse."""
    from towpath.checks import baseline as recording

    recording.update(workspace(), lower=update)
