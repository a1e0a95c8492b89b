"""The chain, its report and its gates, as Invoke tasks."""

from __future__ import annotations

import json

from invoke.context import Context
from invoke.tasks import task

from towpath.errors import ConfigurationError
from towpath.images import nearest
from towpath.tasks.entry import entry, session, with_engine


@task(
    help={
        "to": "How far: scan, test or release. In CI the branch decides and is the limit.",
        "fresh": "Run every stage, also those whose evidence still holds.",
        "verbose": "Show every command and what it prints.",
    }
)
@entry
def pipeline(_c: Context, to: str = "", fresh: bool = False, verbose: bool = False) -> None:
    """Check, test, build, scan, promote, deploy, verify and report."""
    from towpath.config import REACHES
    from towpath.flows import pipeline as flow

    if to and to not in REACHES:
        raise ConfigurationError(
            f"A run cannot go to {to!r}.{nearest(to, REACHES)}",
            why=f"--to takes {', '.join(REACHES)}.",
        )
    flow.pipeline(session(verbose=verbose), engine=with_engine, to=to, fresh=fresh)


@task(name="show", help={"as_json": "Print the report as it is on disk."})
@entry
def report_show(_c: Context, as_json: bool = False) -> None:
    """Show the report of the last run."""
    from towpath.flows import report

    found = session()
    document = report.read(found.config)
    if as_json:
        found.terminal.data(json.dumps(document, indent=2))
    else:
        report.show(found, document)


@task(name="publish")
@entry
def report_publish(_c: Context) -> None:
    """Deliver the report of the last run to the dashboard."""
    from towpath.flows import report

    found = session()
    url = report.publish(found, report.read(found.config))
    found.terminal.say(f"Report delivered to {url}")


@task(name="list")
@entry
def gates_list(_c: Context) -> None:
    """List every gate: code, stage, rule and meaning."""
    from towpath.gates import GATES

    session().terminal.table(
        "Gates",
        ("gate", "stage", "rule", "meaning"),
        [
            (
                row.code,
                row.stage,
                f"{row.fact} {row.direction} {row.limit:g}{row.unit}",
                row.meaning,
            )
            for row in GATES
        ],
    )


@task(name="check", help={"stage": "Only this stage; otherwise each one that a release needs."})
@entry
def gates_check(_c: Context, stage: str = "") -> None:
    """Show every verdict in the evidence on disk; exit 4 if a gate failed, 3 if one is missing."""
    from towpath.flows import verdicts

    verdicts.check(session(), stage)
