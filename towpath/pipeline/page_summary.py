"""The head of a run's page: what stopped it, and its figures at a glance. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from towpath.pipeline import document as report
from towpath.pipeline.page_data import PageData

# Characters of a name that stands for itself in large letters.
LONGEST = 40


@dataclass(frozen=True)
class Figure:
    """One figure: a label, a value, a line below it, and the section that has more of it."""

    label: str
    value: str
    note: str = ""
    section: str = ""
    status: str = ""


@dataclass(frozen=True)
class Stopped:
    """A stage that stopped the run: the first line of why, and its gates that did not pass."""

    name: str
    status: str
    why: str
    gates: tuple[Mapping[str, str], ...]


def stopped(document: Mapping[str, Any], verdicts: Iterable[Mapping[str, str]]) -> list[Stopped]:
    """Return the stages that did not pass, in a run that did not pass."""
    rows = list(verdicts)
    return [
        Stopped(name, stage["status"], first_line(str(stage.get("reason", ""))), _gates(rows, name))
        for name, stage in document["stages"].items()
        if stage["status"] in ("failed", "errored") and document["status"] != "passed"
    ]


def _gates(verdicts: Iterable[Mapping[str, str]], stage: str) -> tuple[Mapping[str, str], ...]:
    names = {stage, *(name for name, key in report.KEYS.items() if key == stage)}
    return tuple(row for row in verdicts if row["stage"] in names and row["status"] != "passed")


def first_line(text: str) -> str:
    """Return the start of the first line that says something."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= report.NOTE * 2 else f"{line[: report.NOTE * 2]}…"


def figures(document: Mapping[str, Any], data: PageData) -> list[Figure]:
    """Return the figures of a run; what was not measured has none."""
    stages: Mapping[str, Mapping[str, Any]] = document["stages"]
    found = (_tests(stages), _coverage(stages), _findings(data), _image(stages), _reached(stages))
    return [row for row in found if row]


def _tests(stages: Mapping[str, Mapping[str, Any]]) -> Figure | None:
    rows = [stages[name] for name in ("test", "integration") if name in stages]
    run, failed = (
        sum(row[key] for row in rows if isinstance(row.get(key), int))
        for key in ("tests_run", "tests_failed")
    )
    if not any(isinstance(row.get("tests_run"), int) for row in rows):
        return None
    status = "failed" if failed else "passed"
    return Figure("Tests", f"{run:,}", f"{failed:,} failed", "tests", status)


def _coverage(stages: Mapping[str, Mapping[str, Any]]) -> Figure | None:
    value = stages.get("test", {}).get("coverage")
    if not isinstance(value, int | float):
        return None
    return Figure("Coverage", f"{value:.1f} %", "of lines and branches", "coverage")


def _findings(data: PageData) -> Figure | None:
    if not data.findings:
        return None
    tools = len({row.tool for row in data.findings})
    note = f"of {tools} tools" if tools > 1 else f"of {data.findings[0].tool}"
    return Figure("Findings", f"{len(data.findings):,}", note, "findings")


def _image(stages: Mapping[str, Mapping[str, Any]]) -> Figure | None:
    found = stages.get("build", {}).get("sizes")
    if not isinstance(found, Mapping):
        return None
    sizes = [size for size in found.values() if isinstance(size, int)]
    if not sizes:
        return None
    note = "on one platform" if len(sizes) == 1 else f"the larger of {len(sizes)} platforms"
    return Figure("Image", f"{max(sizes) / 1e6:.0f} MB", note, "sizes")


def _reached(stages: Mapping[str, Mapping[str, Any]]) -> Figure | None:
    """Return the last environment that the run deployed to and did not have to leave again."""
    rows = [
        (str(stage["environment"]), stage["status"])
        for name, stage in stages.items()
        if name.startswith("deploy") and stage.get("environment")
    ]
    if not rows:
        return None
    name, status = first_line(rows[-1][0])[:LONGEST], rows[-1][1]
    if (back := stages.get("monitor", {}).get("rolled_back")) and status == "passed":
        return Figure(
            "Deployed to", name, f"rolled back to {first_line(str(back))}", "delivery", "failed"
        )
    return Figure("Deployed to", name, f"deployment {status}", "delivery", status)
