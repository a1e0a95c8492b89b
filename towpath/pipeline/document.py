"""The contents of `reports/pipeline-report.json`. Pure.

Its JSON Schema is the dashboard's own, `app/releases/report.schema.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from towpath.core import markup
from towpath.core.errors import (
    DeploymentUndoneError,
    GateFailedError,
    PromotionRefusedError,
    TowpathError,
)
from towpath.core.step_times import StepTime
from towpath.gates import Status, worst

SCHEMA = "1"
# The number of characters of a reason in a table; the report has the full text.
NOTE = 110
LEVELS = ("critical", "high", "medium", "low")
# How many steps of a stage the report names.
STEPS = 200
# Errors of what was judged; every other means that it could not be.
REFUSALS = (GateFailedError, PromotionRefusedError, DeploymentUndoneError)
# Stages with another name in the report.
KEYS = {"tests": "test"}


@dataclass(frozen=True)
class StageResult:
    """The result of a stage; times are in seconds, `fields` are the stage's own values.

    `saved` is the duration that reused evidence saved, and `measured` when that evidence was made.
    `error` is what stopped the run, if any. `started` is when the stage began in this run; both
    times are UTC in ISO 8601 with Z. `steps` are its steps in the order in which they ended.
    """

    name: str
    status: Status
    duration: float
    fields: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    saved: float | None = None
    error: TowpathError | None = None
    started: str = ""
    measured: str = ""
    steps: Sequence[StepTime] = ()

    @property
    def weight(self) -> Status:
        """The status that counts for the run: a stage that did not stop it counts as passed."""
        return Status.PASSED if self.error is None else self.status

    def as_json(self) -> dict[str, Any]:
        """Return the stage's part of the report."""
        body: dict[str, Any] = {"status": str(self.status), "duration": round(self.duration, 3)}
        body.update(self.fields)
        if self.reason:
            body["reason"] = self.reason
        if self.saved is not None:
            body.update(reused=True, saved=round(self.saved, 3))
        times = {"started": self.started, "measured": self.measured}
        body.update({name: moment for name, moment in times.items() if moment})
        if self.steps:
            body["steps"] = [step.as_json() for step in self.steps[:STEPS]]
        return body


def status_of(error: TowpathError) -> Status:
    """Return the status of a stage that an error ended."""
    return Status.FAILED if isinstance(error, REFUSALS) else Status.ERRORED


def reason_of(error: TowpathError) -> str:
    """Return what a report says of an error."""
    return " ".join(part for part in (error.what, error.why) if part)


def compose(
    *,
    run: str,
    timestamp: str,
    commit: str,
    branch: str,
    version: str,
    duration: float,
    results: Iterable[StageResult],
    links: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the report of a run, which is errored without any stage.

    `duration` is in seconds; `links` are addresses of the CI run and the commit.
    """
    rows = list(results)
    return {
        "schema": SCHEMA,
        "run": run,
        "timestamp": timestamp,
        "commit": commit,
        "branch": branch,
        "version": version,
        "status": str(worst(row.weight for row in rows)),
        "duration": round(duration, 3),
        **({"links": dict(links)} if links else {}),
        "stages": {KEYS.get(row.name, row.name): row.as_json() for row in rows},
    }


def check_fields(stage: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a check for the report, without missing ones."""
    if stage == "security":
        found = severities(facts, ("code_", "advisories_"))
        return {"vulnerabilities": found} if found else {}
    names = {
        "lint": ("issues", "complexity"),
        "tests": ("coverage", "tests_run", "tests_passed", "tests_failed"),
        "integration": ("tests_run", "tests_passed", "tests_failed"),
    }.get(stage, ())
    return {name: facts[name] for name in names if facts.get(name) is not None}


def severities(facts: Mapping[str, Any], sources: Iterable[str] = ("",)) -> dict[str, int]:
    """Return findings by severity, summed over all sources; empty if one source has no counts.

    A source is a prefix of fact names: `code_` and `advisories_` give `code_high` and so on.
    """
    rows: dict[str, list[Any]] = {
        level: [facts.get(f"{source}{level}") for source in sources] for level in LEVELS
    }
    if any(not isinstance(count, int) for counts in rows.values() for count in counts):
        return {}
    return {level: sum(counts) for level, counts in rows.items()}


def markdown(document: Mapping[str, Any]) -> str:
    """Return the report as the table of a CI job summary."""
    marks = {"passed": "✅", "failed": "❌", "errored": "⚠️", "skipped": "➖"}
    lines = [
        f"### {marks[document['status']]} {markup.markdown(document['version'])}"
        f" on {markup.markdown(document['branch'])}",
        "",
        "| stage | status | seconds | result |",
        "|---|---|---:|---|",
    ]
    for name, stage in document["stages"].items():
        text = markup.markdown(note(stage))
        cells = (markup.markdown(name), marks[stage["status"]], f"{stage['duration']:.1f}", text)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def note(stage: Mapping[str, Any]) -> str:
    """Return the note about a stage in a table: why it stopped, or its numbers."""
    return " · ".join(
        text.format(**{"value": _first_line(stage[name]), "stage": stage} | _parts(stage[name]))
        for name, text in _SHOWN.items()
        if name in stage and stage[name] not in (None, "", [], {})
    )


def _first_line(value: object) -> object:
    """A reason may quote a whole tool; the start of its first line is enough for a table."""
    if not isinstance(value, str):
        return value
    line = value.strip().partition("\n")[0]
    return line if len(line) <= NOTE else f"{line[:NOTE]}…"


def _parts(value: object) -> dict[str, str]:
    if isinstance(value, Mapping):
        numbers = {name: size for name, size in value.items() if isinstance(size, int)}
        return {
            "counts": ", ".join(f"{count} {name}" for name, count in value.items()),
            "sizes": ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in numbers.items()),
            "growths": ", ".join(f"{name} {it / 1e6:+.1f} MB" for name, it in numbers.items()),
        }
    return {"names": ", ".join(map(str, value))} if isinstance(value, list | tuple) else {}


_SHOWN = {
    "reason": "{value}",
    "reused": "evidence reused, saved {stage[saved]:.1f} s",
    "issues": "{value} issues",
    "complexity": "complexity {value}",
    "tests_run": "{value} tests",
    "coverage": "coverage {value:.2f} %",
    "environment": "{value}",
    "digest": "{value:.19}",
    "sizes": "{sizes}",
    "vulnerabilities": "{counts}",
    "above_base": "above base image {sizes}",
    "growth": "since release {growths}",
    "requests": "{value} requests",
    "error_percent": "{value:.2f} % errors",
    "p95_ms": "p95 {value:.0f} ms",
    "rolled_back": "rolled back to {value}",
    "not_evaluated": "not evaluated: {names}",
    # The key of earlier reports.
    "unproven": "not evaluated: {names}",
    "accepted": "accepted: {names}",
}
