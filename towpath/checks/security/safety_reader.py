"""Read the report of `safety check --json` (2.x)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from towpath.checks.security.advisories_reader import Advisory, severity, unchecked
from towpath.core.findings import ToolResult, document, require_ran, unexpected, unread

VULNERABLE = 64


def read_safety(ran: ToolResult, pins: Sequence[tuple[str, str]]) -> list[Advisory]:
    """Return the advisories for these pins, also those that safety was configured to ignore.

    Raises NothingToJudgeError if safety could not reach its source (any exit code but 0 and 64),
    wrote an incomplete document, or did not check every pin.
    """
    require_ran("safety", ran, codes=(0, VULNERABLE))
    report = document("safety", ran.stdout)
    try:
        scanned = [(row["name"], row["version"]) for row in report["scanned_packages"].values()]
        if missed := unchecked(pins, scanned):
            raise unread("safety", missed)
        rows = report["vulnerabilities"] + report["ignored_vulnerabilities"]
        found = [_advisory(row) for row in rows]
    except (KeyError, TypeError, AttributeError) as error:
        raise unexpected("safety", error) from error
    if ran.code == VULNERABLE and not found:
        raise unread("safety", f"It exited with code {VULNERABLE} and reported no advisory.")
    return found


def _advisory(row: Mapping[str, Any]) -> Advisory:
    own = f"SAFETY-{row['vulnerability_id']}"
    return Advisory(
        str(row["CVE"] or own),
        row["package_name"],
        row["analyzed_version"],
        severity(_rating(row["severity"])),
        " ".join(str(row["advisory"]).split()),
        (own,) if row["CVE"] else (),
    )


def _rating(rated: object) -> object:
    """Return the rating of CVSS 3, or else of CVSS 2."""
    if not isinstance(rated, Mapping):
        return rated
    scores = [rated.get(key) for key in ("cvssv3", "cvssv2")]
    return next((row["base_severity"] for row in scores if row and "base_severity" in row), None)
