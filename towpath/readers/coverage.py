"""What `coverage json` said: the percent covered, as exact as coverage has it."""

from __future__ import annotations

import math

from towpath.readers.findings import document, unread


def read(text: str) -> float:
    """Return the percent of lines and branches covered, unrounded.

    Raises NothingToJudgeError if the document is empty or broken, or nothing was measured.
    """
    report = document("coverage", text)
    try:
        statements = report["totals"]["num_statements"]
        percent = float(report["totals"]["percent_covered"])
    except (KeyError, TypeError, ValueError) as error:
        raise unread("coverage", f"Its report lacks or spoils {error}.") from error
    if not statements:
        raise unread("coverage", "It measured no statement.")
    if not math.isfinite(percent) or not 0 <= percent <= 100:
        raise unread("coverage", f"{percent} is no percentage.")
    return percent
