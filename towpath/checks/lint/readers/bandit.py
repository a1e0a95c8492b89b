"""Read the report of `bandit --format=json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from towpath.core.findings import (
    Exclusion,
    Finding,
    FindingOrExclusion,
    ToolResult,
    document,
    require_agreement,
    require_all,
    require_ran,
    unexpected,
    unread,
)

# Bandit has no level critical; an undefined severity counts as high.
SEVERITIES = {"LOW": "low", "MEDIUM": "medium", "HIGH": "high", "UNDEFINED": "high"}


def read_bandit(ran: ToolResult) -> list[FindingOrExclusion]:
    """Return what bandit found, with severity low, medium or high, and what comments leave out.

    Raises NothingToJudgeError if bandit crashed, wrote half a document, or could not read a file.
    """
    require_ran("bandit", ran)
    report = document("bandit", ran.stdout)
    try:
        for row in report["errors"]:
            raise unread("bandit", f"{row['filename']}: {row['reason']}")
        require_all("bandit", ran, len(set(report["metrics"]) - {"_totals"}))
        exclusions = list(_exclusions(report["metrics"]))
        found = [
            Finding(
                row["filename"].removeprefix("./"),
                int(row["line_number"]),
                row["test_id"],
                row["issue_text"],
                SEVERITIES[row["issue_severity"]],
            )
            for row in report["results"]
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise unexpected("bandit", error) from error
    require_agreement("bandit", ran, bool(found))
    return [*found, *exclusions]


def _exclusions(metrics: Mapping[str, Mapping[str, int]]) -> Iterator[Exclusion]:
    """Yield the files in which comments leave lines out: of every test, or of those they name."""
    for path, counts in metrics.items():
        lines = counts.get("nosec", 0) + counts.get("skipped_tests", 0)
        if path != "_totals" and lines:
            yield Exclusion(path.removeprefix("./"), f"# nosec left out a finding: {lines} x")


def by_severity(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each severity, zeros included."""
    counts = Counter(row.severity for row in findings)
    return {name: counts[name] for name in ("critical", "high", "medium", "low")}
