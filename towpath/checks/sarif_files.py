"""Which SARIF logs are written for code scanning, and where: reports/sarif/TOOL.sarif.

Those of TOOLS are written by the checks, `scan.sarif` by the scan of an image.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from towpath.checks import code_quality, sarif
from towpath.config import Config
from towpath.core import documents, files
from towpath.core.files import read_bounded
from towpath.core.findings import Finding
from towpath.core.redaction import SECRETS

# The tools of the checks whose findings are written.
TOOLS = frozenset({"bandit", "flake8", "detect-secrets", "advisories"})
# Bytes of a log that is read back.
LIMIT = 64 << 20


def write_sarif(
    config: Config, tool: str, version: str, findings: Iterable[Finding] | None
) -> Path | None:
    """Write the SARIF log of a tool, and return its path; GitLab's report follows all logs.

    For a tool without a verdict, `findings` is None and an old log is deleted: an old or empty log
    would look like a result.
    """
    file = config.reports / "sarif" / f"{tool}.sarif"
    if findings is None:
        file.unlink(missing_ok=True)
    else:
        log = SECRETS.document(sarif.log(tool, version, findings))
        files.write_atomically(file, json.dumps(log, indent=1, sort_keys=True).encode() + b"\n")
    _write_code_quality(config)
    return None if findings is None else file


def _write_code_quality(config: Config) -> None:
    """Write the findings of all tools in the format that GitLab reads."""
    report = config.reports / "gl-code-quality-report.json"
    found = sorted((config.reports / "sarif").glob("*.sarif"))
    try:
        logs = [(file.stem, documents.loads(read_bounded(file, LIMIT), LIMIT)) for file in found]
        text = json.dumps(code_quality.issues(logs), indent=1).encode() + b"\n"
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        # Without the findings of one tool, GitLab would show them as fixed.
        report.unlink(missing_ok=True)
        return
    files.write_atomically(report, text)
