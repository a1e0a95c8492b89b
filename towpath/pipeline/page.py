"""The page of a run: one HTML file that needs no network, no script and nothing beside it. Pure.

It is made by Jinja2, which escapes every value: names and messages come from repositories, tools
and registries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

import jinja2

from towpath.core import markup
from towpath.pipeline import document as report
from towpath.pipeline import page_rows, page_summary, timeline
from towpath.pipeline.links import Links, of_report
from towpath.pipeline.page_data import PageData

MARKS = {"passed": "✓", "failed": "✗", "errored": "!", "skipped": "–"}
STYLE = "report.css"
# Coverage in percent that is complete, as a tool rounds it.
COMPLETE = 100.0


def render(document: Mapping[str, Any], data: PageData, where: Links) -> str:
    """Return the page of a report and of what was found beside it."""
    verdicts = page_rows.verdicts(document, data)
    slow = [case for case in page_rows.slowest(data) if case.seconds]
    shown: dict[str, Any] = {
        "report": document,
        "data": data,
        "links": where,
        "marks": MARKS,
        "digest": page_rows.first_digest(document),
        "stopped": page_summary.stopped(document, verdicts),
        "figures": page_summary.figures(document, data),
        "stages": list(_stages(document)),
        "length": timeline.length(document),
        "verdicts": page_rows.worst_first(verdicts),
        "failures": page_rows.failures(data),
        "counts": page_rows.counts(data),
        "slowest": slow[: page_rows.SLOWEST],
        "covered": [row for row in data.coverage if row.percent < COMPLETE],
        "findings": data.findings[: page_rows.FINDINGS],
        "sizes": page_rows.sizes(document),
        "details": page_rows.details(document),
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
    environment.filters |= {"seconds": spoken, "ranges": ranges, "spans": spans, "day": day}
    return environment.get_template(template).render(values)


def spoken(seconds: float) -> str:
    """Return a time as people say it: `12.3 s`, or `4 min 5 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def day(moment: str) -> str:
    """Return a time of a report as people write it: `30 Nov 2026, 07:41:12 UTC`."""
    try:
        found = dt.datetime.fromisoformat(moment)
    except ValueError:
        return moment
    found = found.astimezone(dt.UTC) if found.tzinfo else found
    return f"{found.day} {found:%b %Y, %H:%M:%S} UTC"


def ranges(lines: Iterable[int]) -> str:
    """Return numbers of lines with runs of them joined: `3, 7-9`."""
    return ", ".join(text for _, text in spans(lines))


def spans(lines: Iterable[int]) -> list[tuple[int, str]]:
    """Return runs of numbers of lines, each with its first line and as a text: `7-9`."""
    found: list[list[int]] = []
    for line in sorted(set(lines)):
        if found and found[-1][1] == line - 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return [(a, str(a) if a == b else f"{a}-{b}") for a, b in found]


def _visible(value: object) -> object:
    """Show control characters, and those that turn text around, as the letters they are made of."""
    return markup.visible(value) if type(value) is str else value


def _stages(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield the rows of the table of stages, each with its span in the run and its steps."""
    found = timeline.of_stages(document)
    for name, stage in document["stages"].items():
        reason = str(stage.get("reason", "")).strip()
        is_long = "\n" in reason or len(reason) > report.NOTE
        yield {
            "name": name,
            "status": stage["status"],
            "reason": reason if is_long else "",
            "note": report.note(stage),
            "started": stage.get("started", ""),
            "measured": stage.get("measured", ""),
            "span": found[name],
            "steps": timeline.of_steps(stage),
        }


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
