"""What the page of a run says in each of its sections, as rows of words. Pure.

A run may have any number of failures and findings, and a test may print without an end: what is
shown is bounded, and says where the rest is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from towpath import gates
from towpath.checks.tests.junit_reader import Case
from towpath.pipeline.page_data import PageData

# How many of the slowest tests, and of the findings, are listed.
SLOWEST, FINDINGS = 50, 500
# Characters of one text, and of the texts of all failures together.
TEXT, TEXTS = 20_000, 1_000_000
# How many failures show what they said without being opened.
OPEN = 10
_DIRECTIONS = {"<": "below", "<=": "at most", ">=": "at least", ">": "above"}
# The worst first.
_ORDER = ("failed", "errored", "skipped", "passed")
# Fields of a stage that stand in the table of stages, or in that of the image, already.
_ELSEWHERE = {
    *("status", "started", "duration", "reused", "saved", "measured", "reason", "steps"),
    *("sizes", "above_base", "growth", "vulnerabilities"),
}
_DELIVERY = ("promote", "deploy", "verify", "monitor")


@dataclass(frozen=True)
class Text:
    """What a failed test said, under a title; `reports` are those in which it said that."""

    title: str
    text: str
    reports: tuple[str, ...] = ()


@dataclass(frozen=True)
class FailedTest:
    """A failed test: in which reports, what it said there, and whether that is shown at once."""

    name: str
    reports: tuple[str, ...]
    texts: tuple[Text, ...]
    is_open: bool


@dataclass
class _Budget:
    """How many characters of output the page may still show."""

    left: int = field(default=TEXTS)

    def shown(self, text: str, report: str) -> str:
        """Return a text, or its start and its end, and where all of it is."""
        limit = min(TEXT, self.left)
        self.left -= min(limit, len(text))
        if len(text) <= limit:
            return text
        missing, where = len(text) - limit, f"reports/junit/{report}.xml"
        if not limit:
            return f"… {missing} characters are in {where}"
        start = limit // 4
        end = text[len(text) - (limit - start) :]
        return f"{text[:start]}\n… {missing} characters more are in {where} …\n{end}"


def failures(data: PageData) -> list[FailedTest]:
    """Return the failed tests, each once, with what it said in each report."""
    cases: dict[str, list[Case]] = {}
    for case in data.tests:
        if case.outcome == "failed":
            cases.setdefault(case.name, []).append(case)
    budget = _Budget()
    return [
        FailedTest(name, tuple(row.report for row in rows), _texts(rows, budget), number < OPEN)
        for number, (name, rows) in enumerate(cases.items())
    ]


def _texts(cases: Sequence[Case], budget: _Budget) -> tuple[Text, ...]:
    """Return what a test said; what it said alike in several reports stands there once."""
    said: dict[tuple[str, str], list[str]] = {}
    for case in cases:
        for title, text in (
            ("", case.output),
            ("Captured output", case.printed),
            ("Captured standard error", case.logged),
        ):
            if text.strip():
                said.setdefault((title, text), []).append(case.report)
    everywhere = len(cases)
    return tuple(
        Text(title, budget.shown(text, found[0]), () if len(found) == everywhere else tuple(found))
        for (title, text), found in said.items()
    )


def verdicts(document: Mapping[str, Any], data: PageData) -> list[dict[str, str]]:
    """Return the verdicts of all gates in the order of the stages, in words."""
    return [row for name in document["stages"] for row in _verdicts(data, name)]


def worst_first(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Return verdicts with those that stopped the run at the top."""
    return sorted(rows, key=lambda row: _ORDER.index(row["status"]))


def _verdicts(data: PageData, stage: str) -> Iterable[dict[str, str]]:
    units = {gate.code: gate.unit for gate in gates.known()}
    meanings = {gate.code: gate.meaning for gate in gates.known()}
    statement = data.statements.get(stage)
    for row in statement.verdicts if statement else ():
        value, limit = row["value"], row["limit"]
        unit = units.get(row["gate"], "")
        yield {
            "stage": row["stage"],
            "gate": row["gate"],
            "meaning": meanings.get(row["gate"], ""),
            "status": row["status"],
            "value": "not measured" if value is None else f"{value:.4g}{unit}",
            "rule": f"{_DIRECTIONS.get(row['direction'], row['direction'])} {limit:g}{unit}",
            "margin": "" if value is None else _margin(row["status"], limit - value, unit),
            "reason": row["reason"] if value is None else "",
        }


def _margin(status: str, distance: float, unit: str) -> str:
    """Return how far a value is from its limit, on which side of it."""
    if not distance:
        return "at the limit"
    return f"{abs(distance):.4g}{unit} {'inside' if status == 'passed' else 'outside'}"


def slowest(data: PageData) -> list[Case]:
    """Return the tests, the slowest first."""
    return sorted(data.tests, key=lambda case: -case.seconds)


def counts(data: PageData) -> dict[str, int]:
    """Return how many tests passed, failed and were skipped."""
    found = {"passed": 0, "failed": 0, "skipped": 0}
    for case in data.tests:
        found[case.outcome] += 1
    return found


def first_digest(document: Mapping[str, Any]) -> str:
    """Return the digest of the run's image; empty if it has none."""
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
        if name.startswith(_DELIVERY)
        if (keys := [key for key in stage if key not in _ELSEWHERE])
    ]


def _migrations(stage: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say of a deployment that passed without a migration that there was none."""
    deployed = stage["status"] == "passed" and "previous" in stage
    return [("migrations", "none")] if deployed and "migrations" not in stage else []


def _words(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_words(row)}" for key, row in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_words, value))
    return str(value)
