"""Read the report of `coverage json`, with unrounded percentages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from towpath.core.findings import Exclusion, document, unexpected, unread


@dataclass(frozen=True)
class Covered:
    """Percentages, unrounded: of lines and branches together, and of lines alone.

    `files` are those that were measured, `exclusions` those with excluded lines.
    """

    percent: float
    lines: float
    files: frozenset[str] = frozenset()
    exclusions: tuple[Exclusion, ...] = ()


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
        lines = 100 * covered / statements if statements else 0.0
        files = report.get("files") or {}
        exclusions = tuple(_exclusions(files))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise unexpected("coverage", error) from error
    if not statements:
        raise unread("coverage", "It measured no statements.")
    if with_branches is not True:
        raise unread("coverage", "It did not measure branches.")
    for value in (percent, lines):
        if not math.isfinite(value) or not 0 <= value <= 100:
            raise unread("coverage", f"{value} is not a valid percentage.")
    return Covered(percent, lines, frozenset(files), exclusions)


def _exclusions(files: Mapping[str, Any]) -> Iterator[Exclusion]:
    """Yield the files with lines that comments or settings exclude."""
    for path, said in sorted(files.items()):
        lines = said["summary"].get("excluded_lines", 0)
        if lines:
            yield Exclusion(path, f"lines excluded from coverage: {lines}")
