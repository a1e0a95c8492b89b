"""The logs for code scanning, below reports/sarif: what each tool found, on file and line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from towpath.config import Config
from towpath.core import files, sarif
from towpath.core.findings import Finding
from towpath.core.redaction import SECRETS


def tell(
    config: Config, tool: str, version: str, findings: Iterable[Finding] | None
) -> Path | None:
    """Write the log of a tool and return where.

    `findings` is None for a tool that gave no verdict: that leaves no log, since an old or an empty
    one would be a claim.
    """
    file = config.reports / "sarif" / f"{tool}.sarif"
    if findings is None:
        file.unlink(missing_ok=True)
        return None
    log = SECRETS.document(sarif.log(tool, version, findings))
    files.write_atomically(file, json.dumps(log, indent=1, sort_keys=True).encode() + b"\n")
    return file
