"""Where the output of a tool, a stage or a build is kept: reports/logs/NAME.log. Pure."""

from __future__ import annotations

from pathlib import Path


def log_path(reports: Path, name: str) -> Path:
    """Return the file below the directory of reports that keeps what `name` wrote."""
    return reports / "logs" / f"{name}.log"
