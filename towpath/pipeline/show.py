"""The report of a run on a terminal: what its page says, the most important first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from towpath.config.workspace import Workspace
from towpath.pipeline import document as report
from towpath.pipeline import page, page_data, page_rows, timeline
from towpath.pipeline.links import of_report
from towpath.pipeline.page_data import PageData

# How many rows of a long table a terminal shows; the page has all of them.
ROWS = 10
OUTPUT = 20


def show(workspace: Workspace, document: Mapping[str, Any]) -> None:
    """Write the stages, and what was found beside the report, to standard output."""
    data = page_data.collect(workspace.config, document)
    _stages(workspace, document)
    for problem in data.problems:
        workspace.terminal.warn(problem)
    for title, columns, rows in _tables(document, data):
        if rows:
            workspace.terminal.table(title, columns, rows)
    for failure in page_rows.failures(data):
        workspace.terminal.data(f"failed: {failure.name} ({', '.join(failure.reports)})")
        for said in failure.texts:
            for line in [said.title, *said.text.splitlines()[-OUTPUT:]]:
                workspace.terminal.data(f"  {line}" if line else "")


def _stages(workspace: Workspace, document: Mapping[str, Any]) -> None:
    spans = timeline.of_stages(document)
    workspace.terminal.table(
        f"{document['version']} on {document['branch']}: {document['status']}",
        ("stage", "status", "began", "seconds", "result"),
        [
            (
                name,
                stage["status"],
                f"+{spans[name].start:.1f} s",
                f"{stage['duration']:.1f}",
                report.note(stage),
            )
            for name, stage in document["stages"].items()
        ],
    )
    known = of_report(document)
    for label, url in (("Commit", known["commit"]), ("CI run", known["run"])):
        if url:
            workspace.terminal.data(f"{label}: {url}")


Table = tuple[str, Sequence[str], list[tuple[str, ...]]]


def _tables(document: Mapping[str, Any], data: PageData) -> list[Table]:
    """Return title, columns and rows of each table; one without rows is not shown."""
    return [
        _steps(document),
        (
            "Gates",
            ("stage", "gate", "verdict", "value", "rule", "distance"),
            [
                tuple(row[key] for key in ("stage", "gate", "status", "value", "rule", "margin"))
                for row in page_rows.verdicts(document, data)
            ],
        ),
        *_found(data),
        (
            "Image, compressed, in MB",
            ("platform", "size", "above its base", "growth"),
            [
                (row["platform"], row["size"], row["above"], row["growth"])
                for row in page_rows.sizes(document)
            ],
        ),
        (
            "Promotions and deployments",
            ("stage", "fact", "value"),
            [
                (name, key, value)
                for name, rows in page_rows.details(document)
                for key, value in rows
            ],
        ),
    ]


def _found(data: PageData) -> list[Table]:
    """Return the tables of tests, coverage and findings."""
    return [
        (
            f"Slowest tests, {min(ROWS, len(data.tests))} of {len(data.tests)}",
            ("seconds", "test", "report"),
            [
                (f"{row.seconds:.2f}", row.name, row.report)
                for row in page_rows.slowest(data)[:ROWS]
            ],
        ),
        (
            f"Least covered files, {min(ROWS, len(data.coverage))} of {len(data.coverage)}",
            ("file", "percent", "lines that no test ran"),
            [
                (row.path, f"{row.percent:.1f}", page.ranges(row.missing))
                for row in data.coverage[:ROWS]
            ],
        ),
        (
            f"Findings, {min(ROWS, len(data.findings))} of {len(data.findings)}",
            ("tool", "code", "where", "what"),
            [
                (
                    row.tool,
                    row.code,
                    f"{row.path}:{row.line}" if row.line else row.path,
                    row.message,
                )
                for row in data.findings[:ROWS]
            ],
        ),
    ]


def _steps(document: Mapping[str, Any]) -> Table:
    return (
        "Steps",
        ("stage", "step", "status", "seconds"),
        [
            (name, str(step["title"]), str(step["status"]), f"{span.seconds:.1f}")
            for name, stage in document["stages"].items()
            for step, span in timeline.of_steps(stage)
        ],
    )
