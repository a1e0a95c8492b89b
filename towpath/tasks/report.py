"""Invoke tasks for the report of the last run."""

from __future__ import annotations

import json

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry, workspace


@task(help={"as_json": "Print the report as JSON."})
@entry
def show(_c: Context, as_json: bool = False) -> None:
    """Show the report of the last run."""
    from towpath.pipeline import report
    from towpath.pipeline import show as shown

    found = workspace()
    document = report.read_report(found.config)
    if as_json:
        found.terminal.data(json.dumps(document, indent=2))
    else:
        shown.show(found, document)


@task
@entry
def html(_c: Context) -> None:
    """Write the last run as one page, reports/report.html, and the index of the last runs."""
    from towpath.pipeline import report, runs

    found = workspace()
    page = runs.write_page(found, report.read_report(found.config))
    found.terminal.say(str(page))


@task
@entry
def publish(_c: Context) -> None:
    """Send the report of the last run to the dashboard."""
    from towpath.pipeline import report

    found = workspace()
    url = report.publish(found, report.read_report(found.config))
    found.terminal.say(f"Report sent to {url}")
