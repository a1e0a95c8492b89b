"""What `coverage json` said: the percents covered, as exact as coverage has them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from towpath.readers.findings import document, unread


@dataclass(frozen=True)
class Covered:
    """Percents, unrounded: of lines and branches together, and of lines alone."""

    percent: float
    lines: float


def read(text: str) -> Covered:
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
    except (KeyError, TypeError, ValueError) as error:
        raise unread("coverage", f"Its report lacks or spoils {error}.") from error
    if not statements:
        raise unread("coverage", "It measured no statement.")
    if with_branches is not True:
        raise unread("coverage", "It did not measure branches.")
    for value in (percent, lines):
        if not math.isfinite(value) or not 0 <= value <= 100:
            raise unread("coverage", f"{value} is no percentage.")
    return Covered(percent, lines)
