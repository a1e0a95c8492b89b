"""Trivy's report."""

from __future__ import annotations

import json

import pytest

from towpath.errors import NothingToJudgeError
from towpath.readers import trivy
from towpath.readers.advisories import Advisory


def test_findings_are_read_with_their_severity() -> None:
    """Findings of the distribution and of Python are one list; an unrated one counts as high."""
    found = {
        "VulnerabilityID": "CVE-1",
        "PkgName": "openssl",
        "InstalledVersion": "3",
        "Title": "t",
    }
    report = {
        "SchemaVersion": 2,
        "Results": [
            {"Class": "os-pkgs", "Vulnerabilities": [found | {"Severity": "UNKNOWN"}]},
            {"Class": "lang-pkgs", "Vulnerabilities": None},
            {"Class": "lang-pkgs", "Vulnerabilities": [found | {"Severity": "LOW"}]},
        ],
    }

    assert trivy.read(json.dumps(report)) == [
        Advisory("CVE-1", "openssl", "3", "high", "t"),
        Advisory("CVE-1", "openssl", "3", "low", "t"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"Results": null}',
        '{"Results": []}',
        '{"Results": [{"Class": "lang-pkgs"}]}',
        '{"Results": [{"Class": "os-pkgs", "Vulnerabilities": [{}]}]}',
    ],
)
def test_a_report_that_looked_at_nothing_is_nothing_to_judge(text: str) -> None:
    """No results are not zero findings."""
    with pytest.raises(NothingToJudgeError):
        trivy.read(text)


def test_a_finding_names_the_layer_that_brought_it() -> None:
    """Where it is said; a title is not asked for."""
    found = {"VulnerabilityID": "CVE-1", "PkgName": "openssl", "InstalledVersion": "3"}
    rows = [found | {"Layer": {"DiffID": "sha256:1"}}, found | {"Layer": {}}, found]
    report = {"Results": [{"Class": "os-pkgs", "Vulnerabilities": rows}]}
    advisory = Advisory("CVE-1", "openssl", "3", "high", "")

    assert trivy.read_layers(json.dumps(report)) == [
        (advisory, "sha256:1"),
        (advisory, ""),
        (advisory, ""),
    ]
