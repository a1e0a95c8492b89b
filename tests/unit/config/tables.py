"""Settings as tests write them: a table, parsed on a fixed day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from towpath import config
from towpath.config import Config
from towpath.core.errors import ConfigurationError

ROOT = Path("/project")
TODAY = dt.date(2026, 11, 24)


def parsed(table: dict[str, Any], env: dict[str, str] | None = None) -> Config:
    """Parse a table on a fixed day."""
    return config.parse(table, ROOT, env or {}, TODAY)


def refused(table: dict[str, Any]) -> ConfigurationError:
    """Return the error that a table is refused with."""
    with pytest.raises(ConfigurationError) as caught:
        parsed(table)
    return caught.value
