"""Findings as a SARIF 2.1.0 log, the form in which code scanning shows them on file and line.

Pure. The words are those of the OASIS standard; `security-severity` is GitHub's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from towpath.core.findings import Finding

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
# Of our severities the worst first: its level, and a score in the middle of GitHub's range for it.
# A finding without a severity is one of style or form; it stops a run, so it is an error.
LEVELS = {
    "critical": ("error", "9.5"),
    "high": ("error", "8.0"),
    "medium": ("warning", "5.5"),
    "low": ("note", "2.0"),
    "": ("error", ""),
}


def log(tool: str, version: str, findings: Iterable[Finding]) -> dict[str, Any]:
    """Return the log of one run of one tool, its rules in the order of their codes.

    No finding means that the tool looked and found nothing: for a tool without a result, write
    no log. Paths of findings are relative to the root of the source.
    """
    found = list(findings)
    rules = [_rule(code, found) for code in sorted({row.code for row in found})]
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    driver = {"name": tool, "version": version, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"towpath/{tool}/"},
        "invocations": [{"executionSuccessful": True}],
        "results": [_result(row, index[row.code]) for row in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return a rule, rated as the worst of its findings."""
    own = [row for row in findings if row.code == code]
    worst = next(word for word in LEVELS if word in {_severity(row) for row in own})
    level, score = LEVELS[worst]
    rule: dict[str, Any] = {
        "id": code,
        "shortDescription": {"text": own[0].message or code},
        "defaultConfiguration": {"level": level},
    }
    if score:
        rule["properties"] = {"tags": ["security"], "security-severity": score}
    return rule


def _result(row: Finding, rule: int) -> dict[str, Any]:
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote(row.path), "uriBaseId": "%SRCROOT%"},
    }
    if row.line:
        place["region"] = {"startLine": row.line}
    return {
        "ruleId": row.code,
        "ruleIndex": rule,
        "level": LEVELS[_severity(row)][0],
        "message": {"text": row.message or row.code},
        "locations": [{"physicalLocation": place}],
    }


def _severity(row: Finding) -> str:
    """Return the finding's severity; an unknown severity counts as high."""
    return row.severity if row.severity in LEVELS else "high"
