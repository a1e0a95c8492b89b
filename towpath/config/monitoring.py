"""The settings of Prometheus and Alertmanager: `[tool.towpath.monitoring]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from towpath.config.toml_values import checked, typed, wrong
from towpath.core.errors import ConfigurationError

WEBHOOK = "TOWPATH_MONITORING_WEBHOOK"
KEY = "webhook-env"
# Seconds between two readings, and days of data: from where they are useful to where they are not.
INTERVALS, DAYS = (1, 300), (1, 365)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Monitoring:
    """Seconds between two readings, days that figures are kept, the variable with the webhook."""

    interval: int = 15
    days: int = 15
    webhook_env: str = WEBHOOK


def read_monitoring(table: Any, where: str) -> Monitoring:
    """Read the table; raises ConfigurationError with the path of what is wrong."""
    values = checked(table, {"interval", "days", KEY}, where)
    found = Monitoring(
        _number(values, "interval", INTERVALS, where, Monitoring.interval),
        _number(values, "days", DAYS, where, Monitoring.days),
        typed(values.get(KEY, WEBHOOK), str, f"{where}.{KEY}"),
    )
    if not _VARIABLE.fullmatch(found.webhook_env):
        # It may be the address itself, which can be a key: it is not shown.
        raise ConfigurationError(
            f"{where}.{KEY} in pyproject.toml is no name of a variable.",
            why="It names the variable that has the address; the address is never in a file.",
            next_step=f"Write a name such as {WEBHOOK}.",
        )
    return found


def _number(
    values: Mapping[str, Any], key: str, bounds: tuple[int, int], where: str, default: int
) -> int:
    value = typed(values.get(key, default), int, f"{where}.{key}")
    if not bounds[0] <= value <= bounds[1]:
        raise wrong(f"{where}.{key}", f"from {bounds[0]} to {bounds[1]}", value)
    return value
