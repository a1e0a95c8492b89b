"""What a project leaves out of a tool's judgement on purpose: read from its settings."""

from __future__ import annotations

from towpath.config import Config
from towpath.core.findings import Exclusion
from towpath.source import switches_reader as switches


def by_settings(config: Config, tool: str) -> list[Exclusion]:
    """Return the settings of the project that switch off a part of a tool."""
    settings = {name: config.root / name for name in switches.files(tool)}
    texts = {
        name: file.read_text(encoding="utf-8", errors="replace")
        for name, file in settings.items()
        if file.is_file()
    }
    return switches.find(tool, texts)
