"""The page of a run: one HTML file that needs no network, no script and nothing beside it. Pure.

It is made by Jinja2, which escapes every value: names and messages come from repositories, tools
and registries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import jinja2

from towpath import gates
from towpath.checks.tests.junit_reader import Case
from towpath.core import markup
from towpath.evidence.statement import Statement
from towpath.pipeline import document as report
from towpath.pipeline import timeline
from towpath.pipeline.links import Links, of_report
from towpath.pipeline.page_data import PageData

MARKS = {"passed": "✓", "failed": "✗", "errored": "!", "skipped": "–"}
STYLE = "report.css"
# How many of the slowest tests are listed.
SLOWEST = 50
_DIRECTIONS = {"<": "below", "<=": "at most", ">=": "at least", ">": "above"}
# Fields of a stage that stand in the table of stages, or in that of the image, already.
_ELSEWHERE = {
    *("status", "started", "duration", "reused", "saved", "measured", "reason", "steps"),
    *("sizes", "above_base", "growth", "vulnerabilities"),
}


def render(document: Mapping[str, Any], data: PageData, where: Links) -> str:
    """Return the page of a report and of what was found beside it."""
    stages = list(_stages(document))
    failures = [case for case in data.tests if case.outcome == "failed"]
    shown: dict[str, Any] = {
        "report": document,
        "data": data,
        "links": where,
        "marks": MARKS,
        "digest": _digest(document),
        "stages": stages,
        "verdicts": verdicts(document, data),
        "failures": failures,
        "counts": _counts(data),
        "slowest": slowest(data)[:SLOWEST],
        "sizes": sizes(document),
        "details": details(document),
    }
    shown["sections"] = _sections(shown)
    return _filled("report.html.j2", shown)


def index(runs: Iterable[Mapping[str, Any]]) -> str:
    """Return the page that lists runs by their reports; each page lies in `runs/<id>/`."""
    return _filled(
        "index.html.j2", {"runs": [(run, of_report(run)) for run in runs], "marks": MARKS}
    )


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """Return a template with these values, every one of them escaped."""
    room = files("towpath.pipeline")
    sources = {name: (room / name).read_text("utf-8") for name in (template, STYLE)}
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(sources),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        finalize=_visible,
    )
    environment.filters |= {"seconds": spoken, "ranges": ranges}
    return environment.get_template(template).render(values)


def spoken(seconds: float) -> str:
    """Return a time as people say it: `12.3 s`, or `4 min 5 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def ranges(lines: Iterable[int]) -> str:
    """Return numbers of lines with runs of them joined: `3, 7-9`."""
    found: list[list[int]] = []
    for line in sorted(set(lines)):
        if found and found[-1][1] == line - 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


def _visible(value: object) -> object:
    """Show control characters, and those that turn text around, as the letters they are made of."""
    return markup.visible(value) if type(value) is str else value


def _stages(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield the rows of the table of stages, each with its span in the run and its steps."""
    spans = timeline.of_stages(document)
    for name, stage in document["stages"].items():
        yield {
            "name": name,
            "status": stage["status"],
            "reason": stage.get("reason", ""),
            "note": report.note(stage),
            "started": stage.get("started", ""),
            "measured": stage.get("measured", ""),
            "span": spans[name],
            "steps": timeline.of_steps(stage),
        }


def _verdicts(statement: Statement | None) -> Iterable[dict[str, str]]:
    units = {gate.code: gate.unit for gate in gates.known()}
    for row in statement.verdicts if statement else ():
        value, limit = row["value"], row["limit"]
        unit = units.get(row["gate"], "")
        yield {
            "stage": row["stage"],
            "gate": row["gate"],
            "status": row["status"],
            "value": "not measured" if value is None else f"{value:.4g}{unit}",
            "rule": f"{_DIRECTIONS.get(row['direction'], row['direction'])} {limit:g}{unit}",
            "margin": "" if value is None else _margin(row["status"], limit - value, unit),
            "reason": row["reason"],
        }


def verdicts(document: Mapping[str, Any], data: PageData) -> list[dict[str, str]]:
    """Return the verdicts of all gates in the order of the stages, in words."""
    return [row for name in document["stages"] for row in _verdicts(data.statements.get(name))]


def slowest(data: PageData) -> list[Case]:
    """Return the tests, the slowest first."""
    return sorted(data.tests, key=lambda case: -case.seconds)


def _margin(status: str, distance: float, unit: str) -> str:
    """Return how far a value is from its limit, on which side of it."""
    if not distance:
        return "at the limit"
    return f"{abs(distance):.4g}{unit} {'inside' if status == 'passed' else 'outside'}"


def _counts(data: PageData) -> dict[str, int]:
    found = {"passed": 0, "failed": 0, "skipped": 0}
    for case in data.tests:
        found[case.outcome] += 1
    return found


def _digest(document: Mapping[str, Any]) -> str:
    found = [stage["digest"] for stage in document["stages"].values() if stage.get("digest")]
    return str(found[0]) if found else ""


def sizes(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the image's size on each platform, what is above its base, and how much it grew."""
    found: dict[str, Mapping[str, Any]] = {"sizes": {}, "above_base": {}, "growth": {}}
    for stage in document["stages"].values():
        found |= {name: stage[name] for name in found if isinstance(stage.get(name), Mapping)}
    return [
        {
            "platform": platform,
            "size": _megabytes(size),
            "above": _megabytes(found["above_base"].get(platform)),
            "growth": _megabytes(found["growth"].get(platform), "+"),
        }
        for platform, size in found["sizes"].items()
    ]


def _megabytes(size: object, sign: str = "") -> str:
    return f"{size / 1e6:{sign}.1f}" if isinstance(size, int) else ""


def details(document: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what the report says of each promotion, deployment and verification."""
    return [
        (name, [(key.replace("_", " "), _words(stage[key])) for key in keys] + _migrations(stage))
        for name, stage in document["stages"].items()
        if name.startswith(("promote", "deploy", "verify"))
        if (keys := [key for key in stage if key not in _ELSEWHERE])
    ]


def _migrations(stage: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say of a deployment that passed without a migration that there was none."""
    deployed = stage["status"] == "passed" and "previous" in stage
    return [("migrations", "none")] if deployed and "migrations" not in stage else []


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_words(row)}" for key, row in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_words, value))
    return str(value)


def _sections(shown: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the anchors and titles of the sections that this page has."""
    data: PageData = shown["data"]
    there = {
        ("stages", "Stages"): True,
        ("gates", "Gates"): shown["verdicts"],
        ("tests", "Tests"): data.tests,
        ("coverage", "Coverage"): data.coverage,
        ("findings", "Findings"): data.findings,
        ("sizes", "Image"): shown["sizes"],
        ("delivery", "Promotions and deployments"): shown["details"],
    }
    return [section for section, rows in there.items() if rows]
