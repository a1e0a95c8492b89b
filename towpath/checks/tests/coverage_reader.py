"""Read the report of `coverage json`, with unrounded percentages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from towpath.core.findings import Exclusion, document, unexpected, unread


@dataclass(frozen=True)
class Covered:
    """Percentages, unrounded: of lines and branches together, and of lines alone.

    `files` are those that were measured, `exclusions` those with excluded lines; `counts` has of
    each file how many of its lines and branches were covered, and how many there are.
    """

    percent: float
    lines: float
    files: frozenset[str] = frozenset()
    exclusions: tuple[Exclusion, ...] = ()
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def percent_of(self, files: Iterable[str]) -> float:
        """Return the coverage of some of the files alone; without a line to cover it is 100."""
        rows = [self.counts[file] for file in files if file in self.counts]
        covered, total = sum(row[0] for row in rows), sum(row[1] for row in rows)
        return 100 * covered / total if total else 100.0


def read_coverage(text: str) -> Covered:
    """Return the coverage.

    Raises NothingToJudgeError if the document is empty or malformed, or if no statements or no
    branches were measured.
    """
    report = document("coverage", text)
    try:
        with_branches = report["meta"]["branch_coverage"]
        statements = report["totals"]["num_statements"]
        covered = report["totals"]["covered_lines"]
        percent = float(report["totals"]["percent_covered"])
        lines = 100 * covered / (statements or 1)
        files = report.get("files", {})
        exclusions = tuple(_exclusions(files))
        counts = {str(path): _counts(said["summary"]) for path, said in files.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise unexpected("coverage", error) from error
    if not statements:
        raise unread("coverage", "It measured no statements.")
    if with_branches is not True:
        raise unread("coverage", "It did not measure branches.")
    for value in (percent, lines):
        if not (math.isfinite(value) and 0 <= value <= 100):
            raise unread("coverage", f"{value} is not a valid percentage.")
    return Covered(percent, lines, frozenset(files), exclusions, counts)


def _counts(summary: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many lines and branches were covered, and how many there are."""
    rows = [
        (summary.get(covered, 0), summary.get(every, 0))
        for covered, every in (
            ("covered_lines", "num_statements"),
            ("covered_branches", "num_branches"),
        )
    ]
    if any(type(value) is not int or value < 0 for row in rows for value in row):
        raise ValueError("a count is not a number")
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


def _exclusions(files: Mapping[str, Any]) -> Iterator[Exclusion]:
    """Yield the files with lines that comments or settings exclude."""
    for path, said in sorted(files.items()):
        lines = said["summary"].get("excluded_lines", 0)
        if lines:
            yield Exclusion(path, f"lines excluded from coverage: {lines}")
