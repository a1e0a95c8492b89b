"""The figures of a run as Prometheus text, `reports/metrics.prom`. Pure.

The file is what the textfile collector of the node exporter reads, and what a job can push to a
Pushgateway. Source: Prometheus documentation, "Exposition formats" and "Metric and label naming".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from towpath.evidence.statement import Statement
from towpath.gates import Status

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

STATUSES = tuple(str(row) for row in (Status.PASSED, Status.FAILED, Status.ERRORED))


def text(document: Mapping[str, Any], statements: Mapping[str, Statement]) -> str:
    """Return the figures of a report; `statements` are those of its stages, by their name in it.

    A gate that measured nothing has a status and no value.
    """
    # Imported here: this is needed once, at the end of a run.
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.registry import Collector

    class RunCollector(Collector):
        """All figures, as the library wants them."""

        def collect(self) -> Iterable[GaugeMetricFamily]:
            """Return the families."""
            return _families(document, statements)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(RunCollector())
    return generate_latest(registry).decode("utf-8")


def _families(
    document: Mapping[str, Any], statements: Mapping[str, Statement]
) -> Iterator[GaugeMetricFamily]:
    yield from _of_run(document)
    yield from _of_stages(document["stages"])
    yield from _of_gates(statements)


def _of_run(document: Mapping[str, Any]) -> Iterator[GaugeMetricFamily]:
    names = ("run", "version", "branch", "commit")
    yield _family("run_info", "The run.", names, [([str(document[name]) for name in names], 1.0)])
    begun = dt.datetime.fromisoformat(document["timestamp"]).timestamp()
    yield _family("run_timestamp_seconds", "When the run began.", (), [([], begun)])
    took = float(document["duration"])
    yield _family("run_duration_seconds", "What the run took.", (), [([], took)])
    rows = [([row], float(row == document["status"])) for row in STATUSES]
    yield _family("run_status", "1 for the status of the run.", ("status",), rows)


def _of_stages(stages: Mapping[str, Any]) -> Iterator[GaugeMetricFamily]:
    yield _family(
        "stage_duration_seconds",
        "What the stage took in this run.",
        ("stage",),
        [([name], float(stage["duration"])) for name, stage in stages.items()],
    )
    yield _family(
        "stage_reused",
        "1 if the stage reused earlier evidence.",
        ("stage",),
        [([name], float(bool(stage.get("reused")))) for name, stage in stages.items()],
    )
    yield _family(
        "stage_status",
        "1 for the status of the stage.",
        ("stage", "status"),
        [
            ([name, row], float(row == stage["status"]))
            for name, stage in stages.items()
            for row in STATUSES
        ],
    )


def _of_gates(statements: Mapping[str, Statement]) -> Iterator[GaugeMetricFamily]:
    verdicts = [
        ([stage, str(row["gate"])], row)
        for stage, statement in statements.items()
        for row in statement.verdicts
    ]
    measured = [(labels, row) for labels, row in verdicts if row.get("value") is not None]
    names = ("stage", "gate")
    rows = [(labels, float(row["value"])) for labels, row in measured]
    yield _family("gate_value", "What the gate judged, in its own unit.", names, rows)
    limits = [(labels, float(row["limit"])) for labels, row in verdicts]
    yield _family("gate_limit", "The limit of the gate.", names, limits)
    states = [
        ([*labels, status], float(status == row["status"]))
        for labels, row in verdicts
        for status in STATUSES
    ]
    yield _family("gate_status", "1 for the verdict of the gate.", (*names, "status"), states)


def _family(
    name: str, meaning: str, labels: Iterable[str], rows: Iterable[tuple[list[str], float]]
) -> GaugeMetricFamily:
    from prometheus_client.core import GaugeMetricFamily

    found = GaugeMetricFamily(f"towpath_{name}", meaning, labels=list(labels))
    for values, value in rows:
        found.add_metric(values, value)
    return found
