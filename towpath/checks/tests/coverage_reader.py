"""What `coverage json` said: the percents covered, as exact as coverage has them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from towpath.core.findings import LeftOut, document, unread


@dataclass(frozen=True)
class Covered:
    """Percents, unrounded: of lines and branches together, and of lines alone.

    `files` are those that were measured, `left_out` those of which lines were excluded.
    """

    percent: float
    lines: float
    files: frozenset[str] = frozenset()
    left_out: tuple[LeftOut, ...] = ()


def read_coverage(text: str) -> Covered:
    """Return how much was covered.

    Raises NothingToJudgeError if the document is empty or broken, if nothing was measured, or if
    branches were not.
    """
    report = document("coverage", text)
    try:
        with_branches = report["meta"]["branch_coverage"]
        statements = report["totals"]["num_statements"]
        covered = report["totals"]["covered_lines"]
        percent = float(report["totals"]["percent_covered"])
        lines = 100 * covered / statements if statements else 0.0
        files = report.get("files") or {}
        left_out = tuple(_left_out(files))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise unread("coverage", f"Its report lacks or spoils {error}.") from error
    if not statements:
        raise unread("coverage", "It measured no statement.")
    if with_branches is not True:
        raise unread("coverage", "It did not measure branches.")
    for value in (percent, lines):
        if not math.isfinite(value) or not 0 <= value <= 100:
            raise unread("coverage", f"{value} is no percentage.")
    return Covered(percent, lines, frozenset(files), left_out)


def _left_out(files: Mapping[str, Any]) -> Iterator[LeftOut]:
    """Yield the files of which comments or settings exclude lines."""
    for path, said in sorted(files.items()):
        lines = said["summary"].get("excluded_lines", 0)
        if lines:
            yield LeftOut(path, f"lines excluded from coverage: {lines}")
