"""Findings in the format that GitLab shows in a merge request. Pure.

Source: GitLab docs, "Code Quality", "Code Quality report format": a JSON array of objects with
`description`, `check_name`, `fingerprint`, `location.path`, `location.lines.begin` and `severity`,
which is info, minor, major, critical or blocker.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

# The lowest score of a severity; scores are those of `checks.sarif`, from 0 to 10.
SCORES = ((9.0, "blocker"), (7.0, "critical"), (4.0, "major"), (0.0, "minor"))
# A finding without a score is about style or form.
LEVELS = {"error": "major", "warning": "minor", "note": "info"}
# A finding that names no file is about the project.
PROJECT = "pyproject.toml"


def issues(logs: Iterable[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return the report for SARIF logs of `checks.sarif`, each with the name of its tool.

    A fingerprint stays the same when a finding moves to another line. Raises KeyError, TypeError,
    ValueError or AttributeError for what is no such log.
    """
    found, seen = [], Counter[str]()
    for tool, log in logs:
        for issue in _of_log(tool, log):
            name = "\0".join((tool, issue["check_name"], _path(issue), issue["description"]))
            seen[name] += 1
            text = f"{name}\0{seen[name]}"
            found.append(issue | {"fingerprint": hashlib.sha256(text.encode()).hexdigest()})
    return found


def _of_log(tool: str, log: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for run in log["runs"]:
        rules = {rule["id"]: rule for rule in run["tool"]["driver"].get("rules", ())}
        for row in run["results"]:
            place = (row.get("locations") or [{}])[0].get("physicalLocation") or {}
            path = unquote(str((place.get("artifactLocation") or {}).get("uri", ""))) or PROJECT
            line = int((place.get("region") or {}).get("startLine", 1))
            yield {
                "description": f"{tool}: {row['message']['text']}",
                "check_name": str(row["ruleId"]),
                "severity": _severity(row, rules.get(row["ruleId"], {})),
                "location": {"path": path, "lines": {"begin": max(line, 1)}},
            }


def _path(issue: Mapping[str, Any]) -> str:
    return str(issue["location"]["path"])


def _severity(row: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    score = (rule.get("properties") or {}).get("security-severity")
    if score is None:
        return LEVELS.get(str(row.get("level")), "major")
    return next(name for least, name in SCORES if float(score) >= least or not least)
