"""Read the report of `pip-audit --format=json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from towpath.checks.security.advisories_reader import Advisory, severity, unchecked
from towpath.core.findings import (
    ToolResult,
    document,
    require_agreement,
    require_ran,
    unexpected,
    unread,
)

Pins = Sequence[tuple[str, str]]


def read_pip_audit(ran: ToolResult, pins: Pins) -> list[Advisory]:
    """Return the advisories against these pins; pip-audit rates none, so each counts as high.

    Raises NothingToJudgeError if pip-audit crashed, wrote an incomplete document, or skipped a pin:
    it ends with 0 and "no known vulnerabilities" even if it reached no server.
    """
    require_ran("pip-audit", ran)
    report = document("pip-audit", ran.stdout)
    try:
        found = _advisories(report["dependencies"], pins)
    except (KeyError, TypeError, AttributeError) as error:
        raise unexpected("pip-audit", error) from error
    require_agreement("pip-audit", ran, bool(found))
    return found


def _advisories(rows: Sequence[Mapping[str, Any]], pins: Pins) -> list[Advisory]:
    skipped = [str(row["skip_reason"]) for row in rows if "skip_reason" in row]
    asked = [row for row in rows if "skip_reason" not in row]
    if missed := unchecked(pins, [(row["name"], row["version"]) for row in asked]):
        raise unread("pip-audit", ". ".join([missed, *skipped[:1]]))
    return [_advisory(row, weakness) for row in asked for weakness in row["vulns"]]


def _advisory(row: Mapping[str, Any], weakness: Mapping[str, Any]) -> Advisory:
    names = [str(weakness["id"]), *map(str, weakness["aliases"])]
    name = next((name for name in names if name.startswith("CVE-")), names[0])
    return Advisory(
        name,
        row["name"],
        row["version"],
        severity(None),
        " ".join(str(weakness["description"]).split()),
        tuple(other for other in names if other != name),
    )
