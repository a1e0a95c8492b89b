"""Write, read and publish the report of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from towpath.config import Config, Dashboard
from towpath.config.workspace import Workspace
from towpath.core import documents, files
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    NothingToJudgeError,
    TowpathError,
)
from towpath.core.redaction import SECRETS
from towpath.operations.dashboard_target import dashboard_token, dashboard_url
from towpath.pipeline import document as report


def path(config: Config) -> Path:
    """Return the path of the report of the last run."""
    return config.reports / "pipeline-report.json"


def write_report(config: Config, document: Mapping[str, Any]) -> None:
    """Write the report atomically, with secrets redacted."""
    text = json.dumps(SECRETS.document(document), indent=2)
    files.write_atomically(path(config), text.encode() + b"\n")


def read_report(config: Config) -> dict[str, Any]:
    """Return the report of the last run; raises NothingToJudgeError if it cannot be read."""
    file = path(config)
    try:
        document = documents.loads(file.read_bytes())
        report.markdown(document)
    except FileNotFoundError as error:
        raise NothingToJudgeError(
            "No run of the pipeline has left a report here.",
            why=f"{file.relative_to(config.root)} does not exist.",
            next_step="Run `invoke pipeline`.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NothingToJudgeError(
            "Cannot read the report of the last run.",
            why=(
                f"{file.relative_to(config.root)} is empty or not a report. "
                f"{documents.reason(error)}"
            ),
            next_step="Run `invoke pipeline`, which writes a new report.",
        ) from error
    return dict(document)


def try_page(workspace: Workspace, document: Mapping[str, Any]) -> None:
    """Write the page of the run; a failure is reported and changes nothing."""
    from towpath.pipeline import runs

    try:
        workspace.terminal.say(f"Report: {runs.write_page(workspace, document)}")
    except (OSError, TowpathError) as error:
        workspace.terminal.warn(f"The page of the run was not written: {error}")


def publish(workspace: Workspace, document: Mapping[str, Any]) -> str:
    """Deliver the report to the configured dashboard and return its address.

    Raises ConfigurationError if none is configured, CommandFailedError if it cannot be delivered.
    """
    from towpath.pipeline import dashboard

    url = dashboard_url(workspace.config)
    # Who was notified stays here: it is no part of what the dashboard keeps of a run.
    body = {key: row for key, row in document.items() if key != "notifications"}
    dashboard.deliver(url, dashboard_token(workspace), body)
    return url


def try_publish(workspace: Workspace, document: Mapping[str, Any]) -> None:
    """Deliver the report if a dashboard is configured; a failure is only a warning."""
    if workspace.config.dashboard == Dashboard():
        return
    try:
        workspace.terminal.say(f"Report delivered to {publish(workspace, document)}")
    except (CommandFailedError, ConfigurationError) as error:
        workspace.terminal.warn(f"Report not delivered: {error.what} (`invoke report.publish`)")
