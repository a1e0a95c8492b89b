"""A tool's log for code scanning is there exactly where the tool gave a verdict."""

from __future__ import annotations

import json
from pathlib import Path

from towpath import config
from towpath.checks import sarif_files as alerts
from towpath.core.findings import Finding


def test_findings_become_the_log_of_their_tool(tmp_path: Path) -> None:
    """Below the reports, by the tool's name; the next run replaces it."""
    settings = config.parse({}, tmp_path, {})
    file = tmp_path / "reports/sarif/flake8.sarif"

    alerts.write_sarif(settings, "flake8", "7.5.0", [Finding("a.py", 3, "E501", "line too long")])
    (run,) = json.loads(file.read_text())["runs"]
    alerts.write_sarif(settings, "flake8", "7.5.0", [])
    (clean,) = json.loads(file.read_text())["runs"]

    assert [row["ruleId"] for row in run["results"]] == ["E501"]
    assert clean["results"] == []


def test_a_tool_without_a_verdict_leaves_no_log(tmp_path: Path) -> None:
    """An empty one would close what is open; forgetting twice is no mistake."""
    settings = config.parse({}, tmp_path, {})
    alerts.write_sarif(settings, "flake8", "7.5.0", [])

    assert alerts.write_sarif(settings, "flake8", "7.5.0", None) is None
    assert alerts.write_sarif(settings, "flake8", "7.5.0", None) is None

    assert list((tmp_path / "reports/sarif").iterdir()) == []


def test_gitlabs_report_follows_the_logs_of_all_tools(tmp_path: Path) -> None:
    """A tool without a verdict leaves it; a log that cannot be read leaves no report at all."""
    settings = config.parse({}, tmp_path, {})
    file = tmp_path / "reports/gl-code-quality-report.json"

    def names() -> list[str]:
        return [row["check_name"] for row in json.loads(file.read_text())]

    alerts.write_sarif(settings, "flake8", "7", [Finding("a.py", 3, "E501", "too long")])
    alerts.write_sarif(settings, "bandit", "1", [Finding("a.py", 4, "B101", "assert", "low")])
    assert names() == ["B101", "E501"]
    alerts.write_sarif(settings, "bandit", "1", None)
    assert names() == ["E501"]
    (tmp_path / "reports/sarif/odd.sarif").write_text("{")
    alerts.write_sarif(settings, "bandit", "1", [])
    assert not file.exists()
