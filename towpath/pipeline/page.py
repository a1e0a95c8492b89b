"""The page of a run: one HTML file that needs no network, no script and nothing beside it. Pure.

It is made by Jinja2, which escapes every value: names and messages come from repositories, tools
and registries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlsplit

import jinja2
from markupsafe import Markup

from towpath import gates
from towpath.core import markup
from towpath.evidence.statement import Statement
from towpath.pipeline import document as report
from towpath.pipeline.page_data import PageData

MARKS = {"passed": "✓", "failed": "✗", "errored": "!", "skipped": "–"}
# How many of the slowest tests are listed.
SLOWEST = 50
# The shortest bar of the time line, in percent of the run.
THINNEST = 0.4
_DIRECTIONS = {"<": "below", "<=": "at most", ">=": "at least", ">": "above"}
# Fields of a stage that stand in the table of stages, or in that of the image, already.
_ELSEWHERE = {"status", "duration", "reason", "sizes", "above_base", "growth", "vulnerabilities"}
# Where a commit and a file are on a host of repositories, by the beginning of the host's name.
_HOSTS = {
    "github": ("commit/{commit}", "blob/{commit}/{path}#L{line}"),
    "gitlab": ("-/commit/{commit}", "-/blob/{commit}/{path}#L{line}"),
    "codeberg": ("commit/{commit}", "src/commit/{commit}/{path}#L{line}"),
    "bitbucket": ("commits/{commit}", "src/{commit}/{path}#lines-{line}"),
}


@dataclass(frozen=True)
class Links:
    """Where the run, its commit and its files can be looked at; empty where nobody knows.

    `base` is the address of the repository's pages, `commit_id` the commit of the run.
    """

    run: str = ""
    base: str = ""
    commit_id: str = ""

    @property
    def commit(self) -> str:
        """The address of the commit's page."""
        return self._of(0)

    def file(self, path: str, line: int = 0) -> str:
        """Return the address of a line of a file; empty where nobody knows it."""
        return self._of(1, path=quote(path), line=line or 1)

    def _of(self, number: int, **names: object) -> str:
        host = (urlsplit(self.base).hostname or "").split(".")[0]
        if host not in _HOSTS:
            return ""
        return f"{self.base}/{_HOSTS[host][number].format(commit=self.commit_id, **names)}"


def links(remote: str, commit: str, run: str) -> Links:
    """Return the links for a repository's remote, as it may be shown, and a run's address.

    Only http and https addresses become links: what else stands there is somebody's text.
    """
    parts = urlsplit(remote)
    path = parts.path.removesuffix("/").removesuffix(".git")
    base = f"https://{parts.hostname}{path}" if parts.hostname and path else ""
    safe = run if urlsplit(run).scheme in ("http", "https") else ""
    return Links(safe, base, commit)


def render(document: Mapping[str, Any], data: PageData, where: Links) -> str:
    """Return the page of a report and of what was found beside it."""
    stages = list(_stages(document))
    verdicts = [row for name in document["stages"] for row in _verdicts(data.statements.get(name))]
    failures = [case for case in data.tests if case.outcome == "failed"]
    shown: dict[str, Any] = {
        "report": document,
        "data": data,
        "links": where,
        "marks": MARKS,
        "digest": _digest(document),
        "stages": stages,
        "verdicts": verdicts,
        "failures": failures,
        "counts": _counts(data),
        "slowest": sorted(data.tests, key=lambda case: -case.seconds)[:SLOWEST],
        "sizes": _sizes(document),
        "details": _details(document),
    }
    shown["sections"] = _sections(shown)
    return _filled("report.html.j2", shown)


def index(runs: Iterable[Mapping[str, Any]]) -> str:
    """Return the page that lists runs by their reports; each page lies in `runs/<id>/`."""
    return _filled("index.html.j2", {"runs": list(runs), "marks": MARKS})


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """Return a template with these values, every one of them escaped."""
    room = files("towpath.pipeline")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, finalize=_visible
    )
    environment.filters |= {"seconds": spoken, "ranges": ranges}
    css = Markup((room / "report.css").read_text("utf-8"))
    page = environment.from_string((room / template).read_text("utf-8"))
    return page.render({**values, "css": css})


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
    """Yield the rows of the table of stages, each with where its bar is, in percent of the run."""
    times = [float(stage["duration"]) for stage in document["stages"].values()]
    start, whole = 0.0, max(float(document["duration"]), sum(times), 0.001)
    for name, stage in document["stages"].items():
        seconds = float(stage["duration"])
        yield {
            "name": name,
            "status": stage["status"],
            "duration": seconds,
            "reason": stage.get("reason", ""),
            "note": report.note(stage),
            "start": start,
            "left": f"{min(100 - THINNEST, 100 * start / whole):.2f}",
            "width": f"{min(100.0, max(THINNEST, 100 * seconds / whole)):.2f}",
        }
        start += seconds


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
            "wanted": f"{_DIRECTIONS.get(row['direction'], row['direction'])} {limit:g}{unit}",
            "margin": "" if value is None else f"{abs(limit - value):.4g}{unit}",
            "reason": row["reason"],
        }


def _counts(data: PageData) -> dict[str, int]:
    found = {"passed": 0, "failed": 0, "skipped": 0}
    for case in data.tests:
        found[case.outcome] += 1
    return found


def _digest(document: Mapping[str, Any]) -> str:
    found = [stage["digest"] for stage in document["stages"].values() if stage.get("digest")]
    return str(found[0]) if found else ""


def _sizes(document: Mapping[str, Any]) -> list[dict[str, str]]:
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


def _details(document: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what the report says of each promotion, deployment and verification."""
    return [
        (name, [(key.replace("_", " "), _words(stage[key])) for key in keys])
        for name, stage in document["stages"].items()
        if name.startswith(("promote", "deploy", "verify"))
        if (keys := [key for key in stage if key not in _ELSEWHERE])
    ]


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
