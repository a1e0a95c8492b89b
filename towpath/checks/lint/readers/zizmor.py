"""Read the report of `zizmor --format=json-v1`, and the list of audited files in its log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from towpath.core.findings import (
    Exclusion,
    Finding,
    FindingOrExclusion,
    ToolResult,
    documents,
    require_agreement,
    require_all,
    require_ran,
    unexpected,
)

# Its documentation, "Exit codes": 11 to 14 name the severity of the worst finding.
CODES = (0, 10, 11, 12, 13, 14)
_AUDITED = re.compile(r"^ INFO audit: zizmor: \S+ completed (.+)$", re.MULTILINE)


def read_zizmor(ran: ToolResult) -> list[FindingOrExclusion]:
    """Return what zizmor found, and what a comment in the file or a setting leaves out.

    Raises NothingToJudgeError if it crashed, passed over a file, or wrote half a document.
    """
    require_ran("zizmor", ran, CODES)
    try:
        rows = documents("zizmor", ran.stdout)
        found = [_finding(row) for row in rows if not row["ignored"]]
        exclusions = [_exclusion(_finding(row)) for row in rows if row["ignored"]]
    except (AttributeError, KeyError, StopIteration, TypeError, ValueError) as error:
        raise unexpected("zizmor", error) from error
    require_all("zizmor", ran, len(set(_AUDITED.findall(ran.stderr))))
    require_agreement("zizmor", ran, bool(found))
    return [*found, *exclusions]


def _exclusion(finding: Finding) -> Exclusion:
    return Exclusion(finding.path, f"{finding.code} is ignored in line {finding.line}")


def _finding(row: Mapping[str, Any]) -> Finding:
    """Return a finding at its primary place; zizmor counts lines from 0."""
    place = next(spot for spot in row["locations"] if spot["symbolic"]["kind"] == "Primary")
    start = place["concrete"]["location"]["start_point"]
    path = place["symbolic"]["key"]["Local"]["verbatim_path"]
    why = f"{row['desc']}: {place['symbolic']['annotation']}"
    severity = row["determinations"]["severity"].lower()
    return Finding(path, int(start["row"]) + 1, row["ident"], why, severity)
