"""Findings as GitLab reads them."""

from __future__ import annotations

import pytest

from towpath.checks import code_quality, sarif
from towpath.core.findings import Finding


def test_a_finding_has_what_gitlab_asks_for() -> None:
    """Description, name, severity, place and a fingerprint of 64 hex digits."""
    log = sarif.log("flake8", "7", [Finding("app/a b.py", 3, "E501", "line too long")])
    (found,) = code_quality.issues([("flake8", log)])

    assert len(found.pop("fingerprint")) == 64
    assert found == {
        "description": "flake8: line too long",
        "check_name": "E501",
        "severity": "major",
        "location": {"path": "app/a b.py", "lines": {"begin": 3}},
    }


@pytest.mark.parametrize(
    ("severity", "wanted"),
    [
        *(("critical", "blocker"), ("high", "critical"), ("medium", "major"), ("low", "minor")),
        *(("", "major"), ("odd", "critical")),
    ],
)
def test_severities(severity: str, wanted: str) -> None:
    """Ours are five words, and GitLab's are five others."""
    log = sarif.log("scan", "1", [Finding("a", 1, "X", "x", severity)])

    assert code_quality.issues([("scan", log)])[0]["severity"] == wanted


def test_a_fingerprint_stays_when_lines_move_and_tells_two_apart() -> None:
    """GitLab compares them between commits, and refuses the same one twice."""

    def prints(*lines: int) -> list[str]:
        rows = [Finding("a.py", line, "E501", "line too long") for line in lines]
        log = sarif.log("flake8", "7", rows)
        return [row["fingerprint"] for row in code_quality.issues([("flake8", log)])]

    assert prints(3, 9) == prints(4, 10)
    assert len(set(prints(3, 9))) == 2


def test_a_finding_without_a_place_is_about_the_project() -> None:
    """GitLab wants a path and a line."""
    log = sarif.log("pins", "1", [Finding("", 0, "PIN", "no pin")])

    assert code_quality.issues([("pins", log)])[0]["location"] == {
        "path": "pyproject.toml",
        "lines": {"begin": 1},
    }
