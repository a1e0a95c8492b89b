"""What `safety check --json` (2.x) said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from towpath.checks.security.advisories_reader import Advisory, severity, unasked
from towpath.core.findings import ToolResult, document, require_ran, unread

FOUND = 64


def read_safety(ran: ToolResult, pins: Sequence[tuple[str, str]]) -> list[Advisory]:
    """Return the advisories against these pins, those that safety was told to ignore too.

    Raises NothingToJudgeError if safety could not ask its source (any exit code but 0 and 64),
    wrote half a document, or has not looked at every pin.
    """
    require_ran("safety", ran, codes=(0, FOUND))
    report = document("safety", ran.stdout)
    try:
        scanned = [(row["name"], row["version"]) for row in report["scanned_packages"].values()]
        if missed := unasked(pins, scanned):
            raise unread("safety", missed)
        rows = report["vulnerabilities"] + report["ignored_vulnerabilities"]
        found = [_advisory(row) for row in rows]
    except (KeyError, TypeError, AttributeError) as error:
        raise unread("safety", f"Its report lacks or spoils {error}.") from error
    if ran.code == FOUND and not found:
        raise unread("safety", f"It exited with code {FOUND} and reported no advisory.")
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
    """Return the word of the rating: CVSS 3 where it is there, else CVSS 2."""
    if not isinstance(rated, Mapping):
        return rated
    scores = [rated.get(key) for key in ("cvssv3", "cvssv2")]
    return next((row["base_severity"] for row in scores if row and "base_severity" in row), None)
