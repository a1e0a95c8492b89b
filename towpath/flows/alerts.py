"""The logs for code scanning, below reports/sarif: what each tool found, on file and line."""

from __future__ import annotations

import json
from collections.abc import Iterable

from towpath import sarif
from towpath.config import Config
from towpath.flows import files
from towpath.readers.findings import Finding


def write(config: Config, tool: str, version: str, findings: Iterable[Finding]) -> None:
    """Write the log of a tool that gave a verdict, with or without findings."""
    content = json.dumps(sarif.log(tool, version, findings), indent=1).encode() + b"\n"
    files.write_whole(config.reports / "sarif" / f"{tool}.sarif", content)


def forget(config: Config, tool: str) -> None:
    """Remove the log of a tool that gave no verdict: an old or an empty one would be a claim."""
    (config.reports / "sarif" / f"{tool}.sarif").unlink(missing_ok=True)
