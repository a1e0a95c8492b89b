"""Which SARIF logs are written for code scanning, and where: reports/sarif/TOOL.sarif.

Those of TOOLS are written by the checks, `scan.sarif` by the scan of an image.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from towpath.config import Config
from towpath.core import files, sarif
from towpath.core.findings import Finding
from towpath.core.redaction import SECRETS

# The tools of the checks whose findings are written.
TOOLS = frozenset({"bandit", "flake8", "detect-secrets", "advisories"})


def write_sarif(
    config: Config, tool: str, version: str, findings: Iterable[Finding] | None
) -> Path | None:
    """Write the SARIF log of a tool, and return its path.

    For a tool without a verdict, `findings` is None and an old log is deleted: an old or empty log
    would look like a result.
    """
    file = config.reports / "sarif" / f"{tool}.sarif"
    if findings is None:
        file.unlink(missing_ok=True)
        return None
    log = SECRETS.document(sarif.log(tool, version, findings))
    files.write_atomically(file, json.dumps(log, indent=1, sort_keys=True).encode() + b"\n")
    return file
