"""Trivy's report."""

from __future__ import annotations

import json

import pytest

from towpath.checks.security.advisories_reader import Advisory
from towpath.core.errors import NothingToJudgeError
from towpath.scanning import trivy_reader as trivy


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

    assert trivy.read_trivy(json.dumps(report)) == [
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
        trivy.read_trivy(text)


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


@pytest.mark.parametrize("found", [[], [{"VulnerabilityID": "CVE-1"}]])
def test_a_distribution_at_its_end_of_life_is_never_clean(found: list[dict[str, str]]) -> None:
    """Nobody writes advisories for it any more: that there are none says nothing."""
    rows = [row | {"PkgName": "openssl", "InstalledVersion": "3"} for row in found]
    report = {
        "Metadata": {"OS": {"Family": "debian", "Name": "9.13", "EOSL": True}},
        "Results": [{"Class": "os-pkgs", "Vulnerabilities": rows}],
    }

    with pytest.raises(NothingToJudgeError) as caught:
        trivy.read_trivy(json.dumps(report))

    assert caught.value.what == "debian 9.13 has reached its end of life."


@pytest.mark.parametrize("metadata", [None, {}, {"OS": None}, {"OS": {"EOSL": False}}])
def test_a_distribution_that_is_supported_may_be_clean(metadata: object) -> None:
    """Trivy leaves the word out where the distribution is supported."""
    report = {"Metadata": metadata, "Results": [{"Class": "os-pkgs"}]}

    assert trivy.read_trivy(json.dumps(report)) == []
