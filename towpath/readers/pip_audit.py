"""What `pip-audit --format=json` said."""

from __future__ import annotations

from collections.abc import Sequence

from towpath.readers.advisories import Advisory, severity, unasked
from towpath.readers.findings import Ran, document, require_ran, unread


def read(ran: Ran, pins: Sequence[tuple[str, str]]) -> list[Advisory]:
    """Return the advisories against these pins; pip-audit rates none, so each counts as high.

    Raises NothingToJudgeError if pip-audit crashed, wrote half a document, or skipped a pin:
    it ends with 0 and "no known vulnerabilities" where it could ask nobody at all.
    """
    require_ran("pip-audit", ran)
    report = document("pip-audit", ran.stdout)
    try:
        rows = report["dependencies"]
        asked = [row for row in rows if "skip_reason" not in row]
        if missed := unasked(pins, [(row["name"], row["version"]) for row in asked]):
            reasons = {str(row["skip_reason"]) for row in rows if "skip_reason" in row}
            why = f"It has not looked at {', '.join(missed)}."
            raise unread("pip-audit", " ".join([why, *sorted(reasons)[:1]]))
        found = [
            Advisory(
                next((alias for alias in row["aliases"] if alias.startswith("CVE-")), row["id"]),
                dependency["name"],
                dependency["version"],
                severity(None),
                " ".join(str(row["description"]).split()),
            )
            for dependency in asked
            for row in dependency["vulns"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise unread("pip-audit", f"Its report lacks or spoils {error}.") from error
    if (ran.code != 0) != bool(found):
        raise unread("pip-audit", f"It ended with {ran.code} and named {len(found)} advisories.")
    return found
